package io.sparklora.dataprep.contamination;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.duplicate.Shingles;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.dataset.Split;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Drops training documents that share n-grams of words (of {@link Shingles}: case and punctuation do not count) with an
 * evaluation set or with a held-out document. The ledger's measure is how many different ones they share.
 *
 * <p>The n-grams to look for are a table, not a set in memory. A Bloom filter of at most {@value #MOST_BITS} bits goes to
 * the executors and lets pass the few n-grams of a document that may be in the table; a join decides about those. A table
 * that is too large for the filter makes the join longer, and no result wrong.
 */
public final class Decontaminate implements Step.OfCorpus {
    private static final String NAME = "decontaminate";
    private static final DropReason EVALUATION_OVERLAP = new DropReason(NAME, "evaluation-overlap");
    private static final DropReason HELD_OUT_OVERLAP = new DropReason(NAME, "held-out-overlap");
    private static final String NGRAM = "ngram";
    private static final String IN_EVALUATION = "in_evaluation";
    private static final String IN_HELD_OUT = "in_held_out";
    private static final String NODE = "node";
    private static final long MOST_BITS = 1L << 29;
    private static final double FALSE_POSITIVES = 0.001;

    private final PrepareConfig.Decontaminate settings;
    private final Supplier<Dataset<Row>> evaluationSets;
    private final ScratchTables scratch;
    private final Shingles ngrams;

    /**
     * @param evaluationSets documents of the evaluation sets, asked for where there are any
     * @param scratch keeps the n-grams
     */
    public Decontaminate(
            PrepareConfig.Decontaminate settings, Supplier<Dataset<Row>> evaluationSets, ScratchTables scratch) {
        this.settings = settings;
        this.evaluationSets = evaluationSets;
        this.scratch = scratch;
        this.ngrams = new Shingles(settings.words());
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        List<DropReason> reasons = new ArrayList<>();
        if (!settings.evaluationSets().isEmpty()) {
            reasons.add(EVALUATION_OVERLAP);
        }
        if (settings.heldOut()) {
            reasons.add(HELD_OUT_OVERLAP);
        }
        return List.copyOf(reasons);
    }

    /** Runs the jobs that find the shared n-grams; what it returns is lazy. */
    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        if (reasons().isEmpty()) {
            return documents;
        }
        Dataset<Row> split = scratch.keep(documents);
        Dataset<Row> shared = shared(training(split), scratch.keep(wanted(split)));
        Dataset<Row> joined = split.join(shared, node().equalTo(col(NODE)), "left");
        Column threshold = lit(settings.matches());
        Column none = lit(null);
        Column evaluation = col(IN_EVALUATION);
        Column heldOut = col(IN_HELD_OUT);
        Dataset<Row> withoutEvaluation = Documents.drop(
                joined, evaluation.geq(threshold), Documents.verdict(EVALUATION_OVERLAP, evaluation, threshold, none));
        return Documents.drop(
                        withoutEvaluation,
                        heldOut.geq(threshold),
                        Documents.verdict(HELD_OUT_OVERLAP, heldOut, threshold, none))
                .drop(NODE, IN_EVALUATION, IN_HELD_OUT);
    }

    private static Column node() {
        return when(col(Documents.TEXT).isNotNull(), xxhash64(col(Documents.TEXT)));
    }

    private static Dataset<Row> training(Dataset<Row> documents) {
        return documents.where(
                col(Documents.TEXT).isNotNull().and(col(Documents.SPLIT).equalTo(Split.TRAIN.ordinal())));
    }

    /** Every n-gram to look for, once, with where it stands. */
    private Dataset<Row> wanted(Dataset<Row> documents) {
        List<Dataset<Row>> places = new ArrayList<>();
        if (!settings.evaluationSets().isEmpty()) {
            places.add(ngrams(evaluationSets.get().where(col(Documents.TEXT).isNotNull()))
                    .select(col(NGRAM), lit(true).as(IN_EVALUATION), lit(false).as(IN_HELD_OUT)));
        }
        if (settings.heldOut()) {
            Dataset<Row> heldOut = documents.where(
                    col(Documents.TEXT).isNotNull().and(col(Documents.SPLIT).notEqual(Split.TRAIN.ordinal())));
            places.add(ngrams(heldOut)
                    .select(col(NGRAM), lit(false).as(IN_EVALUATION), lit(true).as(IN_HELD_OUT)));
        }
        return places.stream()
                .reduce(Dataset::union)
                .orElseThrow()
                .groupBy(NGRAM)
                .agg(max(IN_EVALUATION).as(IN_EVALUATION), max(IN_HELD_OUT).as(IN_HELD_OUT));
    }

    // N-grams are loops over characters and longs: the texts leave the GPU here.
    private Dataset<Row> ngrams(Dataset<Row> documents) {
        Shingles shingles = ngrams;
        UserDefinedFunction of = udf(
                        (UDF1<String, long[]>) text -> shingles.set(text),
                        DataTypes.createArrayType(DataTypes.LongType, false))
                .withName("ngrams");
        return documents.select(explode(of.apply(col(Documents.TEXT))).as(NGRAM));
    }

    /** How many n-grams of each kind a document shares; without the documents that share none. */
    private Dataset<Row> shared(Dataset<Row> training, Dataset<Row> wanted) {
        return training.select(
                        node().as(NODE),
                        explode(likely(wanted).apply(col(Documents.TEXT))).as(NGRAM))
                .join(wanted, NGRAM)
                .groupBy(NODE)
                .agg(
                        count_if(col(IN_EVALUATION)).as(IN_EVALUATION),
                        count_if(col(IN_HELD_OUT)).as(IN_HELD_OUT));
    }

    /** The different n-grams of a text that the filter does not rule out. */
    private UserDefinedFunction likely(Dataset<Row> wanted) {
        SparkSession spark = wanted.sparkSession();
        Broadcast<BloomFilter> filter =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(filter(wanted));
        Shingles shingles = ngrams;
        return udf(
                        (UDF1<String, long[]>) text -> Arrays.stream(shingles.of(text))
                                .filter(filter.value()::mightContainLong)
                                .distinct()
                                .toArray(),
                        DataTypes.createArrayType(DataTypes.LongType, false))
                .withName("ngrams_of_others");
    }

    private static BloomFilter filter(Dataset<Row> wanted) {
        long expected = wanted.count();
        if (expected == 0) {
            return BloomFilter.create(1);
        }
        long bits = Math.min(MOST_BITS, BloomFilter.optimalNumOfBits(expected, FALSE_POSITIVES));
        return wanted.stat().bloomFilter(NGRAM, expected, bits);
    }
}
