package io.sparklora.dataprep.corpus;

import io.sparklora.dataprep.step.DropReason;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What makes a row of the corpus malformed; together they must stay below the share that the configuration allows. */
enum Defect {
    /** The file or line is not of its format. */
    UNPARSABLE,
    /** The text's column or field is null or missing. */
    NO_TEXT,
    /** The text's JSON field holds a number, a list or an object, or its column in a Parquet file has such a type. */
    NOT_A_STRING,
    /** The text is not UTF-8. */
    INVALID_ENCODING,
    /** The columns of an instruction or a chat do not hold one. */
    NOT_A_SAMPLE,
    /** The CSV row opens a quote that its value never closes; the rows after it are read as if it were not there. */
    UNCLOSED_QUOTE,
    /** The row's file lacks a column that the source names. */
    NO_COLUMN,
    /** The source has a window, and the row no date that can be read, or its file's column can hold none. */
    NO_DATE;

    static final String STEP = "read";

    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    DropReason reason() {
        return new DropReason(STEP, word());
    }

    static List<DropReason> reasons() {
        return Arrays.stream(values()).map(Defect::reason).toList();
    }
}
