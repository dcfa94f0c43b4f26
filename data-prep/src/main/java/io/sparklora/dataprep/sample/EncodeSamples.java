package io.sparklora.dataprep.sample;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.dataset.TokenBytes;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.run.ContentKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Turns instruction and chat samples into tokens and labels ({@link Documents#ENCODED}), and drops the unusable ones.
 * What became of a sample before is not computed again ({@link ValueStore}).
 */
public final class EncodeSamples implements Step.OfDocument {
    private static final double PERCENT = 100;
    private static final int SHA_256 = 256;
    private static final String PROBLEM = "problem";
    private static final String MEASURED = "measured";
    private static final StructType SCHEMA = new StructType()
            .add(Documents.TOKENS, TokenBytes.TYPE)
            .add(Documents.LABELS, TokenBytes.TYPE)
            .add(PROBLEM, DataTypes.StringType)
            .add(MEASURED, DataTypes.DoubleType);

    private static final String SAID = "said";

    private final SampleEncoder encoder;
    private final List<String> way;
    private final int longest;
    private final ValueStore store;

    /**
     * Refuses a model that can't be given chats.
     *
     * @param sources of the corpus
     * @param format the model's own; empty where it has none
     * @param longest tokens of a sequence
     * @param store knows the samples that were encoded before
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where the template can't be compiled, or a source holds chats and
     *     there is none
     */
    public EncodeSamples(
            List<SourceConfig> sources, TokenRules rules, Optional<ChatFormat> format, int longest, ValueStore store) {
        if (format.isEmpty()) {
            refuseChats(sources);
        }
        try {
            this.encoder = new SampleEncoder(rules, format);
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e);
        }
        this.way = way(rules, format, longest);
        this.longest = longest;
        this.store = store;
    }

    /** What a sample's tokens and labels follow from. */
    private static List<String> way(TokenRules rules, Optional<ChatFormat> format, int longest) {
        List<String> way = new ArrayList<>(List.of(
                "samples",
                "1",
                ContentKey.ofText(rules.tokenizerJson()).hex(),
                rules.begin().toString(),
                String.valueOf(rules.endOfText()),
                String.valueOf(longest)));
        format.ifPresent(model -> {
            way.addAll(List.of(model.template(), model.begin(), model.end()));
            way.addAll(new TreeSet<>(model.stops()));
        });
        return List.copyOf(way);
    }

    private static void refuseChats(List<SourceConfig> sources) {
        for (int source = 0; source < sources.size(); source++) {
            if (sources.get(source).kind() == SourceConfig.Kind.CHAT) {
                throw new StageFailure(
                        ExitCode.MISMATCH,
                        CorpusConfig.SOURCES + "." + source + ".kind is chat, but the base model has no chat template;"
                                + " instructions need none");
            }
        }
    }

    @Override
    public String name() {
        return SampleDefect.STEP;
    }

    @Override
    public List<DropReason> reasons() {
        return SampleDefect.reasons();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Broadcast<SampleEncoder> shared = JavaSparkContext.fromSparkContext(
                        documents.sparkSession().sparkContext())
                .broadcast(encoder);
        int most = longest;
        // Template and tokenizer are no column expressions. Not deterministic to Spark, which would else run it for
        // each
        // field of its result.
        Column encoded = udf(
                        (UDF2<String, String, Row>)
                                (text, structure) -> row(shared.value(), new SampleTexts(text, structure), most),
                        SCHEMA)
                .withName("encode_sample")
                .asNondeterministic()
                .apply(col(Documents.TEXT), col(Documents.SAMPLE));
        Column isSample =
                col(Documents.SAMPLE).isNotNull().and(col(Documents.TEXT).isNotNull());
        // Of rows that are no samples only the place counts: they are to be spread, too.
        Column content = concat_ws(SampleTexts.SEPARATOR, col(Documents.TEXT), col(Documents.SAMPLE));
        Dataset<Row> hashed = documents
                .withColumn(SAID, col(Documents.TEXT))
                .withColumn(ValueStore.HASH, sha2(when(isSample, content).otherwise(Documents.place()), SHA_256));
        int tasks = Integer.parseInt(documents.sparkSession().conf().get("spark.sql.shuffle.partitions"));
        Dataset<Row> judged = store.with(hashed, Documents.ENCODED, when(isSample, encoded), SCHEMA, way, tasks)
                .withColumnRenamed(SAID, Documents.TEXT)
                .drop(ValueStore.HASH);
        for (SampleDefect defect : SampleDefect.values()) {
            Column found = col(Documents.ENCODED).getField(PROBLEM).equalTo(defect.word());
            Column measured = col(Documents.ENCODED).getField(MEASURED);
            Column limit = when(measured.isNotNull(), lit((double) longest));
            judged = Documents.drop(judged, found, Documents.verdict(defect.reason(), measured, limit, lit(null)));
        }
        return judged;
    }

    private static Row row(SampleEncoder encoder, SampleTexts texts, int longest) {
        try {
            SampleEncoder.Encoded encoded = encoder.encode(texts);
            int length = encoded.tokens().length;
            return length > longest
                    ? RowFactory.create(null, null, SampleDefect.LONGER_THAN_A_SEQUENCE.word(), (double) length)
                    : RowFactory.create(TokenBytes.of(encoded.tokens()), TokenBytes.of(encoded.labels()), null, null);
        } catch (UnusableSampleException e) {
            return RowFactory.create(null, null, e.defect().word(), null);
        }
    }

    /**
     * Refuses a corpus too many of whose samples are unusable.
     *
     * @param documents after the last step, kept
     * @param unusable the largest share allowed
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) with what is wrong with how many
     */
    public static void requireUsable(Dataset<Row> documents, Funnel funnel, double unusable) {
        List<Dropped> dropped = funnel.dropped().stream()
                .filter(each -> each.step().equals(SampleDefect.STEP) && each.documents() > 0)
                .toList();
        long refused = dropped.stream().mapToLong(Dropped::documents).sum();
        long samples = refused
                + documents
                        .where(col(Documents.SAMPLE)
                                .isNotNull()
                                .and(col(Documents.DROPPED).isNull()))
                        .count();
        if (refused > unusable * samples) {
            String reasons = dropped.stream()
                    .map(each -> each.reason().replace('-', ' ') + " " + each.documents())
                    .collect(Collectors.joining(", "));
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    String.format(
                            Locale.ROOT,
                            "%,d of %,d samples (%.2f %%) can't be used, more than prepare.samples.unusable %s allows:"
                                    + " %s",
                            refused,
                            samples,
                            PERCENT * refused / samples,
                            unusable,
                            reasons));
        }
    }
}
