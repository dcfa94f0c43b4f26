package io.sparklora.pipeline.config;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.ArrayList;
import java.util.List;

/** Everything that is wrong with a configuration, so that it is all reported at once. */
final class Problems {
    private final List<String> lines = new ArrayList<>();

    /** Notes a wrong value: {@code path must... but was value (origin)}. */
    void wrong(String path, String allowed, Yaml value) {
        add(path, allowed + " but was " + value.shown(), value.origin());
    }

    /** Notes any other fault: {@code path fault (origin)}. */
    void add(String path, String fault, String origin) {
        lines.add((path.isEmpty() ? "the configuration" : path) + " " + fault + " (" + origin + ")");
    }

    /** How many there are. */
    int count() {
        return lines.size();
    }

    /** Throws them, one a line, if there are any. */
    void raise() {
        if (!lines.isEmpty()) {
            throw new StageFailure(ExitCode.USAGE, String.join("\n", lines));
        }
    }
}
