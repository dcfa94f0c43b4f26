package io.sparklora.pipeline.run;

import java.util.List;

/** The last file written to a directory: while it is missing, the directory's content does not exist. */
public interface Manifest {
    /** Every file of the directory but the manifest, sorted by path. */
    List<FileEntry> files();
}
