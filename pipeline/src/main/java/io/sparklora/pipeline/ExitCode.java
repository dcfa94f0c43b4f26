package io.sparklora.pipeline;

import java.util.Locale;

/** The exit codes of every stage and command, so that no scheduler needs to parse a log. */
public enum ExitCode {
    /** Done, or found done. */
    DONE(0),
    /** A fault of ours: nothing that the user or the cluster did. */
    INTERNAL(1),
    /** Wrong command line or configuration. */
    USAGE(2),
    /** The gate refused the adapter; nothing was published. */
    GATE_REJECTED(10),
    /** There is no new data since the last run. */
    NO_NEW_DATA(11),
    /** The corpus can't be used: missing, empty, malformed past the allowed share. */
    BAD_INPUT(20),
    /** Base model, tokenizer, dataset or adapter are damaged or do not belong together. */
    MISMATCH(21),
    /** Training diverged. */
    DIVERGED(30),
    /** Ranks hold different adapters. */
    RANKS_DISAGREE(31),
    /** The registry changed under the publication. */
    PUBLISH_CONFLICT(40),
    /** The infrastructure failed; the same command may succeed later. */
    RETRYABLE(75);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    /** The process's exit status. */
    public int code() {
        return code;
    }

    /** The error kind in {@code result.json}, such as {@code gate-rejected}. */
    public String kind() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
