package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.sql.Column;

/**
 * Which of several like documents stays: that of the heaviest source, then the longest, then the one with the lowest id (in
 * the order of its UTF-8 bytes). Documents that share all of these, of one source or of several, are told apart by licence,
 * file, row and the source's place in the list. The order in which documents arrive does not count.
 */
public final class Survivor {
    private Survivor() {}

    /** The document for which this is least stays. */
    public static Column rank() {
        return struct(
                col(Documents.WEIGHT).multiply(-1).as("heaviest_first"),
                char_length(col(Documents.TEXT)).multiply(-1).as("longest_first"),
                col(Documents.ID),
                col(Documents.LICENCE),
                col(Documents.FILE),
                col(Documents.ROW),
                col(Documents.SOURCE));
    }
}
