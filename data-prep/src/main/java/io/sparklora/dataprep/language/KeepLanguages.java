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
import io.sparklora.pipeline.config.SourceConfig;
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
 * other languages than those to keep. Where languages are not identified, or one is not surely enough, the language is the
 * one that the source declares; a document of which nothing is known is no document of another language. The confidence
 * grows with the text: a right guess has some 0.1 for one sentence, 0.8 for 500 characters and 0.98 for 1,000.
 */
public final class KeepLanguages implements Step.OfDocument {
    static final int CHARACTERS = 1000;

    private static final String NAME = "language";
    private static final DropReason UNSURE = new DropReason(NAME, "unsure-language");
    private static final DropReason OTHER = new DropReason(NAME, "other-language");
    private static final String CODE = "code";
    private static final String CONFIDENCE = "confidence";
    private static final String UNKNOWN = "";
    private static final String IDENTIFIED = "identified_language";
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
    private final List<SourceConfig> sources;

    /**
     * @param config the languages to keep
     * @param sources of which some may declare a language
     * @throws StageFailure ({@link ExitCode#USAGE}) where a language to keep is never identified
     */
    public KeepLanguages(LanguageConfig config, List<SourceConfig> sources) {
        this.config = config;
        this.sources = List.copyOf(sources);
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
        return config.enabled()
                || sources.stream().anyMatch(source -> !source.language().isEmpty());
    }

    @Override
    public List<DropReason> reasons() {
        if (config.enabled()) {
            return List.of(UNSURE, OTHER);
        }
        return config.keep().isEmpty() ? List.of() : List.of(OTHER);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Dataset<Row> told = config.enabled() ? identified(documents) : declared(documents);
        Column language = col(Documents.LANGUAGE);
        Column isOther = language.notEqual(UNKNOWN).and(not(language.isInCollection(config.keep())));
        Column verdict = Documents.verdictOn(language, OTHER, col(Documents.CONFIDENCE), when(isUnsure(), least()));
        return config.keep().isEmpty() ? told : Documents.drop(told, isOther, verdict);
    }

    private Dataset<Row> identified(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        Column declared = col(Documents.SOURCE_LANGUAGE);
        Column code = col(IDENTIFIED).getField(CODE);
        Column isDeclared = declared.notEqual(UNKNOWN);
        Dataset<Row> identified = documents
                .withColumn(IDENTIFIED, when(text.isNotNull(), IDENTIFY.apply(substring(text, 1, CHARACTERS))))
                .withColumn(Documents.CONFIDENCE, col(IDENTIFIED).getField(CONFIDENCE))
                .withColumn(
                        Documents.LANGUAGE,
                        when(isUnsure().and(isDeclared), declared).otherwise(code));
        Column verdict = Documents.verdictOn(code, UNSURE, col(Documents.CONFIDENCE), least());
        return Documents.drop(identified, isUnsure().and(not(isDeclared)), verdict)
                .drop(IDENTIFIED);
    }

    private Column isUnsure() {
        return col(Documents.CONFIDENCE).lt(least());
    }

    private Column least() {
        return lit(config.minConfidence());
    }

    private static Dataset<Row> declared(Dataset<Row> documents) {
        return documents
                .withColumn(Documents.CONFIDENCE, lit(null).cast(DataTypes.DoubleType))
                .withColumn(Documents.LANGUAGE, when(col(Documents.TEXT).isNotNull(), col(Documents.SOURCE_LANGUAGE)));
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
