package io.sparklora.pipeline.run;

import io.sparklora.pipeline.Stage;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a stage reports in {@code result.json}, also when it failed.
 *
 * @param stage the stage
 * @param status how it ended
 * @param exitCode the process's exit status, see {@link io.sparklora.pipeline.ExitCode}
 * @param errorKind the exit code's kind where it is not 0
 * @param message one line for a person: the error, or empty
 * @param summary the line of the closing screen
 * @param figures named numbers for dashboards; the unit is in the name
 * @param artifacts named locations
 * @param seconds wall-clock time of this attempt
 */
public record StageResult(
        Stage stage,
        Status status,
        int exitCode,
        Optional<String> errorKind,
        String message,
        Summary summary,
        Map<String, Double> figures,
        Map<String, String> artifacts,
        double seconds) {
    /** Copies the maps, sorted by name. */
    public StageResult {
        figures = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(figures));
        artifacts = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(artifacts));
    }

    /** How a stage ended. */
    public enum Status {
        DONE,
        ALREADY_DONE,
        REJECTED,
        NO_NEW_DATA,
        FAILED
    }

    /**
     * The stage's line on the closing screen: {@code verb  detail  outcome} in columns.
     *
     * @param verb such as {@code trained}
     * @param detail such as {@code 60 steps on 2 executors, 5.1 min, 402 tokens/s}
     * @param outcome such as {@code loss 2.90 -> 2.32}
     */
    public record Summary(String verb, String detail, String outcome) {}
}
