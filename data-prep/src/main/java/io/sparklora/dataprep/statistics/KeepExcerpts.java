package io.sparklora.dataprep.statistics;

import static org.apache.spark.sql.functions.lit;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.PrepareConfig;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * From here on a document that is dropped leaves the start of its text behind ({@link Documents#EXCERPT}). It stands after
 * {@code privacy}: of what that step drops, and of what was dropped before any text was looked through, nothing can be
 * shown.
 */
public final class KeepExcerpts implements Step.OfDocument {
    private final PrepareConfig.Statistics settings;

    /** @param settings off where no document is shown */
    public KeepExcerpts(PrepareConfig.Statistics settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return "excerpts";
    }

    @Override
    public boolean isOn() {
        return settings.samples() > 0;
    }

    @Override
    public List<DropReason> reasons() {
        return List.of();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        return documents.withColumn(Documents.EXCERPT, lit(null).cast(DataTypes.StringType));
    }
}
