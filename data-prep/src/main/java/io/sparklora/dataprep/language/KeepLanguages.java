package io.sparklora.dataprep.language;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.LanguageConfig;
import java.util.List;
import opennlp.tools.langdetect.Language;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Identifies each document's language by its first {@value #CHARACTERS} characters (code points), and drops documents of
 * other languages than those to keep. The confidence grows with the text: a right guess has some 0.1 for one sentence, 0.8
 * for 500 characters and 0.98 for 1,000.
 */
public final class KeepLanguages implements Step.OfDocument {
    static final int CHARACTERS = 1000;

    private static final String NAME = "language";
    private static final DropReason UNSURE = new DropReason(NAME, "unsure-language");
    private static final DropReason OTHER = new DropReason(NAME, "other-language");
    private static final String CODE = "code";
    private static final String CONFIDENCE = "confidence";
    private static final String FOUND = "found_language";
    private static final StructType SCHEMA =
            new StructType().add(CODE, DataTypes.StringType, false).add(CONFIDENCE, DataTypes.DoubleType, false);

    // A model of n-grams is no column expression: the texts' beginnings leave the GPU here.
    private static final UserDefinedFunction IDENTIFY = udf(
                    (UDF1<String, Row>) text -> {
                        Language language = Identifier.identify(text);
                        return RowFactory.create(language.getLang(), language.getConfidence());
                    },
                    SCHEMA)
            .withName("identify_language");

    private final LanguageConfig config;

    /**
     * @param config the languages to keep
     * @throws StageFailure ({@link ExitCode#USAGE}) where one of them is never identified
     */
    public KeepLanguages(LanguageConfig config) {
        this.config = config;
        if (config.enabled()) {
            config.keep().forEach(KeepLanguages::requireKnown);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isOn() {
        return config.enabled();
    }

    @Override
    public List<DropReason> reasons() {
        return List.of(UNSURE, OTHER);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        Column confidence = col(FOUND).getField(CONFIDENCE);
        Column least = lit(config.minConfidence());
        Dataset<Row> identified = documents
                .withColumn(FOUND, when(text.isNotNull(), IDENTIFY.apply(substring(text, 1, CHARACTERS))))
                .withColumn(Documents.LANGUAGE, col(FOUND).getField(CODE));
        Dataset<Row> sure = Documents.drop(
                identified, confidence.lt(least), Documents.verdict(UNSURE, confidence, least, lit(null)));
        Column isOther = config.keep().isEmpty()
                ? lit(false)
                : not(col(Documents.LANGUAGE).isin(config.keep().toArray()));
        return Documents.drop(sure, isOther, Documents.verdict(OTHER)).drop(FOUND);
    }

    private static void requireKnown(String language) {
        List<String> known = Identifier.languages();
        if (!known.contains(language)) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "prepare.language.keep must name languages that can be identified, but held '" + language
                            + "'; allowed are " + String.join(", ", known));
        }
    }
}
