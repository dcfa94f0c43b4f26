package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.array_join;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;

/**
 * Items of a list of texts that are equal to an earlier one.
 *
 * @param items the list
 * @param distinct the list without duplicates
 */
record Duplicates(Column items, Column distinct) {
    /** Their share of the items; null for an empty list. */
    Column share() {
        return size(items).minus(size(distinct)).divide(nullif(size(items), lit(0)));
    }

    /** Their characters (code points). */
    Column characters() {
        return when(size(items).equalTo(size(distinct)), 0)
                .otherwise(char_length(array_join(items, "")).minus(char_length(array_join(distinct, ""))));
    }
}
