package io.sparklora.dataprep.privacy;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.config.PrivacyConfig;
import io.sparklora.pipeline.config.PrivacyConfig.Action;
import io.sparklora.pipeline.config.PrivacyConfig.Kind;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What {@link ProtectPrivacy} found over the whole corpus, by kind. */
public final class Findings {
    private Findings() {}

    /**
     * Counts the findings of every kind that was looked for, in the documents that were dropped later, too.
     *
     * @param documents after the last step, kept
     */
    public static List<PrivacyFigures> of(Dataset<Row> documents, PrivacyConfig config) {
        if (!config.isOn()) {
            return List.of();
        }
        List<Column> sums = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            Column values = element_at(col(Documents.FINDINGS), kind.ordinal() + 1);
            sums.add(count_if(values.gt(0)));
            sums.add(coalesce(sum(values), lit(0L)));
        }
        Row totals = documents
                .where(col(Documents.FINDINGS).isNotNull())
                .agg(sums.get(0), sums.subList(1, sums.size()).toArray(Column[]::new))
                .first();
        return Arrays.stream(Kind.values())
                .filter(kind -> config.action(kind) != Action.KEEP)
                .map(kind -> new PrivacyFigures(
                        kind.word(),
                        config.action(kind).word(),
                        totals.getLong(2 * kind.ordinal()),
                        totals.getLong(2 * kind.ordinal() + 1)))
                .toList();
    }
}
