package io.sparklora.pipeline.dataset;

import java.util.Locale;

/** The splits of a token dataset, each a directory of Parquet files. */
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    /** The directory's name: {@code train}, {@code validation}, {@code test}. */
    public String directory() {
        return name().toLowerCase(Locale.ROOT);
    }
}
