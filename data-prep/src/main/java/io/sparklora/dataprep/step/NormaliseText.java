package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.pipeline.config.PrepareConfig;
import java.text.Normalizer;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/** One spelling for texts that look alike: Unicode's normal form (UAX #15), in {@linkplain PlainSpacing plain spacing}. */
public final class NormaliseText implements Step.OfDocument {
    private static final String NAME = "normalise";
    private static final TextChange CHANGED = new TextChange(NAME, "changed-documents");

    private final PrepareConfig.Unicode form;

    /** @param form the normal form */
    public NormaliseText(PrepareConfig.Unicode form) {
        this.form = form;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return List.of();
    }

    @Override
    public List<TextChange> changes() {
        return List.of(CHANGED);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        return Documents.withPlainText(
                documents, when(text.isNotNull(), normaliser(form).apply(text)), CHANGED);
    }

    // Spark has no function for normal forms, and replacements one after the other take ten times longer: the texts
    // leave
    // the GPU here.
    private static UserDefinedFunction normaliser(PrepareConfig.Unicode form) {
        return udf((UDF1<String, String>) text -> PlainSpacing.of(normalForm(text, form)), DataTypes.StringType)
                .withName("normalise");
    }

    private static String normalForm(String text, PrepareConfig.Unicode form) {
        return switch (form) {
            case NONE -> text;
            case NFC -> Normalizer.normalize(text, Normalizer.Form.NFC);
            case NFKC -> Normalizer.normalize(text, Normalizer.Form.NFKC);
        };
    }
}
