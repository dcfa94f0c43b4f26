package io.sparklora.pipeline.run;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.jspecify.annotations.Nullable;

/** The local disk under any scheme, as a store that has renames and no conditional writes. */
public class LocalStore extends RawLocalFileSystem {
    private @Nullable URI location;

    @Override
    public void initialize(URI name, Configuration hadoop) throws IOException {
        location = name.resolve("/");
        super.initialize(name, hadoop);
    }

    @Override
    public URI getUri() {
        // The constructor of the local file system asks before it knows.
        return location == null ? super.getUri() : location;
    }

    @Override
    public String getScheme() {
        return getUri().getScheme();
    }
}
