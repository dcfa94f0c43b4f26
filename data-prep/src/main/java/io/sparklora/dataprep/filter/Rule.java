package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * One rule of a filter.
 *
 * @param reason why a document is dropped
 * @param isBroken true for a document that breaks the rule; null counts as false
 * @param measured the document's figure; null where the rule measures nothing
 * @param threshold what it was compared with; null where the rule measures nothing
 */
record Rule(DropReason reason, Column isBroken, Column measured, Column threshold) {
    /** A figure that must not exceed the threshold. */
    static Rule atMost(DropReason reason, Column measured, double threshold) {
        return new Rule(reason, measured.gt(threshold), measured, lit(threshold));
    }

    /** A figure that must reach the threshold. */
    static Rule atLeast(DropReason reason, Column measured, double threshold) {
        return new Rule(reason, measured.lt(threshold), measured, lit(threshold));
    }

    /** Something that a document must not be or hold. */
    static Rule refuse(DropReason reason, Column isBroken) {
        return new Rule(reason, isBroken, lit(null), lit(null));
    }

    /** Drops the documents that break a rule; the first one broken is the reason. */
    static Dataset<Row> apply(List<Rule> rules, Dataset<Row> documents) {
        Column first = coalesce(rules.stream().map(Rule::verdict).toArray(Column[]::new));
        return Documents.drop(documents, col(Documents.TEXT).isNotNull(), first);
    }

    private Column verdict() {
        return when(isBroken, Documents.verdict(reason, measured, threshold, lit(null)));
    }
}
