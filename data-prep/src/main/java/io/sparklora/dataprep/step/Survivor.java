package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.sql.Column;

/**
 * Which of several like documents stays: that of the heaviest source, of equally heavy ones the first, then the longest, then the one with the lowest
 * id; documents that share all of these are told apart by licence, file and row. The order in which documents arrive
 * does not count.
 */
public final class Survivor {
    private Survivor() {}

    /** The document for which this is least stays. */
    public static Column rank() {
        return struct(
                col(Documents.WEIGHT).multiply(-1).as("heaviest_first"),
                col(Documents.SOURCE),
                char_length(col(Documents.TEXT)).multiply(-1).as("longest_first"),
                col(Documents.ID),
                col(Documents.LICENCE),
                col(Documents.FILE),
                col(Documents.ROW));
    }
}
