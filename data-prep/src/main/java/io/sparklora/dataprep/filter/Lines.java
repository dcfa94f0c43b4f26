package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.btrim;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.ltrim;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.replace;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.slice;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.when;

import java.util.function.Function;
import org.apache.spark.sql.Column;

/** Lines of a text as column expressions. */
final class Lines {
    private Lines() {}

    /** The lines between {@link Characters#LINE_BREAK}s; a break at the end starts no line. */
    static Column of(Column text) {
        // An alternative in the expression would be tried at every character.
        Column pieces = split(replace(text, lit("\r\n"), lit("\n")), Characters.LINE_BREAK, -1);
        return slice(
                pieces,
                lit(1),
                size(pieces).minus(when(element_at(pieces, -1).equalTo(""), 1).otherwise(0)));
    }

    /** A line without the white space before and after it. */
    static Column trimmed(Column line) {
        return when(isVisible(substring(line, 1, 1)).and(isVisible(substring(line, -1, 1))), line)
                .otherwise(btrim(line, lit(Characters.SPACES)));
    }

    /** A line without the white space before it. */
    static Column trimmedStart(Column line) {
        return when(isVisible(substring(line, 1, 1)), line).otherwise(ltrim(line, lit(Characters.SPACES)));
    }

    /** Whether a character is one of ASCII's visible ones: nearly all are, and to compare with every white space is slow. */
    private static Column isVisible(Column character) {
        return character.between("!", "~");
    }

    /** The share of lines for which the condition holds; null where there are no lines. */
    static Column share(Column lines, Function<Column, Column> condition) {
        return size(filter(lines, condition::apply)).divide(nullif(size(lines), lit(0)));
    }
}
