package io.sparklora.dataprep.privacy;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.PrivacyConfig;
import io.sparklora.pipeline.config.PrivacyConfig.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Takes personal data and secrets out of texts, or drops the documents that hold them, and counts both in
 * {@link Documents#FINDINGS}. What an instruction or a chat holds besides what was said (names, ids, the tools'
 * definitions) is looked through like its text. Ids and licences reach the ledger and the manifest, so they are looked
 * through, too, also where a document was dropped for its licence: an id with a finding gives way to the document's place,
 * of a licence the finding is replaced. The place is without findings where the corpus shows its files by {@link #names}.
 */
public final class ProtectPrivacy implements Step.OfDocument {
    private static final String NAME = "privacy";
    private static final String RESULT = "privacy_result";
    private static final StructType RESULT_TYPE = new StructType()
            .add(Documents.TEXT, DataTypes.StringType)
            .add(Documents.SAMPLE, DataTypes.StringType)
            .add(Documents.FINDINGS, DataTypes.createArrayType(DataTypes.LongType, false));

    private final PrivacyConfig config;

    /** @param config which kinds are looked for, and what is done */
    public ProtectPrivacy(PrivacyConfig config) {
        this.config = config;
    }

    /** A file's name as it may be shown: with placeholders, whatever is done with the texts that hold such values. */
    public static UnaryOperator<String> names(PrivacyConfig config) {
        Redactor redactor = new Redactor(config);
        return name -> redactor.redact(name).text();
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return config.drop().stream().map(ProtectPrivacy::reason).toList();
    }

    @Override
    public boolean isOn() {
        return config.isOn();
    }

    private static DropReason reason(Kind kind) {
        return new DropReason(NAME, kind.word());
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Redactor redactor = new Redactor(config);
        Dataset<Row> searched = withoutFindings(documents, redactor);
        for (Kind kind : config.drop()) {
            Column values = element_at(col(Documents.FINDINGS), kind.ordinal() + 1);
            searched =
                    Documents.drop(searched, values.gt(0), Documents.verdict(reason(kind), values, lit(0), lit(null)));
        }
        return searched;
    }

    private static Dataset<Row> withoutFindings(Dataset<Row> documents, Redactor redactor) {
        UserDefinedFunction redactedName = redactedName(redactor);
        Column licence = col(Documents.LICENCE);
        Column found = col(Documents.DROPPED).getField(Documents.FOUND);
        Column isNamed =
                mayHold(redactor, col(Documents.ID)).and(holds(redactor).apply(col(Documents.ID)));
        return withSearchedTexts(documents, redactor)
                .withColumn(Documents.FINDINGS, col(RESULT).getField(Documents.FINDINGS))
                .withColumn(Documents.TEXT, coalesce(col(RESULT).getField(Documents.TEXT), col(Documents.TEXT)))
                .withColumn(
                        Documents.LICENCE,
                        when(mayHold(redactor, licence), redactedName.apply(licence))
                                .otherwise(licence))
                .withColumn(
                        Documents.DROPPED,
                        when(
                                        mayHold(redactor, found),
                                        col(Documents.DROPPED).withField(Documents.FOUND, redactedName.apply(found)))
                                .otherwise(col(Documents.DROPPED)))
                .withColumn(Documents.ID, when(isNamed, Documents.place()).otherwise(col(Documents.ID)))
                .drop(RESULT);
    }

    /** With the column {@value #RESULT}, null where nothing can be found; the structure of samples is replaced. */
    private static Dataset<Row> withSearchedTexts(Dataset<Row> documents, Redactor redactor) {
        Column text = col(Documents.TEXT);
        Column inText = mayHold(redactor, text);
        if (!List.of(documents.columns()).contains(Documents.SAMPLE)) {
            Column none = lit(null).cast(DataTypes.StringType);
            return documents.withColumn(RESULT, when(inText, redact(redactor).apply(text, none)));
        }
        Column structure = col(Documents.SAMPLE);
        Column isSearched = text.isNotNull().and(inText.or(mayHold(redactor, structure)));
        return documents
                .withColumn(RESULT, when(isSearched, redact(redactor).apply(text, structure)))
                .withColumn(Documents.SAMPLE, coalesce(col(RESULT).getField(Documents.SAMPLE), structure));
    }

    /** Whether a text can hold a finding at all, on the GPU. */
    private static Column mayHold(Redactor redactor, Column text) {
        return redactor.gates().stream().map(text::rlike).reduce(lit(false), Column::or);
    }

    // Checksums, registries of banks and phone plans are no column expressions: texts with a candidate, and only these,
    // leave the GPU. Not deterministic for Spark, so that it is not called once for each of its two results.
    private static UserDefinedFunction redact(Redactor redactor) {
        UDF2<String, @Nullable String, Row> redact = (text, structure) -> {
            Redactor.Redacted redacted = redactor.redact(text);
            long[] values = redacted.values();
            String searched = structure == null
                    ? null
                    : Samples.replaced(structure, string -> {
                        Redactor.Redacted part = redactor.redact(string);
                        Arrays.setAll(values, kind -> values[kind] + part.values()[kind]);
                        return part.text();
                    });
            return RowFactory.create(redacted.text(), searched, values);
        };
        return udf(redact, RESULT_TYPE).withName("redact").asNondeterministic();
    }

    private static UserDefinedFunction redactedName(Redactor redactor) {
        UDF1<String, String> redact = name -> redactor.redact(name).text();
        return udf(redact, DataTypes.StringType).withName("redact_name");
    }

    private static UserDefinedFunction holds(Redactor redactor) {
        UDF1<String, Boolean> holds = name -> redactor.redact(name).isChanged();
        return udf(holds, DataTypes.BooleanType).withName("holds_personal_data");
    }
}
