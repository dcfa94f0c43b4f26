package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.btrim;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_replace;
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

/**
 * One spelling for texts that look alike: Unicode's normal form (UAX #15), {@code \n} for every line break, no control
 * characters nor invisible marks, one space for a run of spaces, none at a line's ends, at most one blank line together.
 */
public final class NormaliseText implements Step.OfDocument {
    private static final String LINE_BREAKS = "\r\n|[\r\u000B\u000C\u0085\u2028\u2029]";
    private static final String INVISIBLE = "[\u0000-\u0008\u000E-\u001F\u007F-\u009F\u00AD\u200B\u2060\uFEFF]";
    private static final String SPACES = "[ \t\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]+";

    private final PrepareConfig.Unicode form;

    /** @param form the normal form */
    public NormaliseText(PrepareConfig.Unicode form) {
        this.form = form;
    }

    @Override
    public String name() {
        return "normalise";
    }

    @Override
    public List<DropReason> reasons() {
        return List.of();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column text = unicode(col(Documents.TEXT));
        text = regexp_replace(text, LINE_BREAKS, "\n");
        text = regexp_replace(text, INVISIBLE, "");
        text = regexp_replace(text, SPACES, " ");
        text = regexp_replace(text, " ?\n ?", "\n");
        text = regexp_replace(text, "\n{3,}", "\n\n");
        return Documents.withPlainText(documents, btrim(text, lit(" \n")));
    }

    private Column unicode(Column text) {
        return switch (form) {
            case NONE -> text;
            case NFC -> when(text.isNotNull(), NFC.apply(text));
            case NFKC -> when(text.isNotNull(), NFKC.apply(text));
        };
    }

    // Spark has no function for normal forms: the texts leave the GPU here.
    private static final UserDefinedFunction NFC = normaliser(Normalizer.Form.NFC);
    private static final UserDefinedFunction NFKC = normaliser(Normalizer.Form.NFKC);

    private static UserDefinedFunction normaliser(Normalizer.Form form) {
        return udf((UDF1<String, String>) text -> Normalizer.normalize(text, form), DataTypes.StringType)
                .withName("normal_form");
    }
}
