package io.sparklora.pipeline.command;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A command line.
 *
 * @param environment variables set for it, beside those of this process
 * @param words the program and its arguments
 */
record SparkSubmit(Map<String, String> environment, List<String> words) {
    /** Copies both, the variables in their order. */
    SparkSubmit {
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
        words = List.copyOf(words);
    }

    /** As one line for a POSIX shell. */
    String shellLine() {
        List<String> parts = new ArrayList<>();
        environment.forEach((name, value) -> parts.add(name + "=" + ShellWords.quoted(value)));
        words.forEach(word -> parts.add(ShellWords.quoted(word)));
        return String.join(" ", parts);
    }
}
