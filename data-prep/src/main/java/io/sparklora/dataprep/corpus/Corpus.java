package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.try_to_timestamp;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.CorpusFiles;
import io.sparklora.pipeline.dataset.CorpusFingerprint;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;

/**
 * The corpus as documents ({@link Documents}), and the checks that need all of it. Malformed rows are documents that are
 * dropped from the start. Rows come in no order; nothing after this relies on one.
 */
public final class Corpus {
    private static final String HAS_ID = "has_id";
    private static final String HAS_LICENCE = "has_licence";
    private static final int HASH_DIGITS = 16;
    private static final double PERCENT = 100;

    private final SparkSession spark;
    private final List<Source> sources;
    private final double badRows;

    private Corpus(SparkSession spark, List<Source> sources, double badRows) {
        this.spark = spark;
        this.sources = List.copyOf(sources);
        this.badRows = badRows;
    }

    /**
     * Finds the sources.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where one has no files
     */
    public static Corpus open(SparkSession spark, Storage storage, CorpusConfig config) {
        return open(spark, storage, CorpusConfig.SOURCES, config.sources(), config.badRows());
    }

    /**
     * Finds the sources of a list.
     *
     * @param list the key of the list, for errors
     * @param badRows largest share of malformed rows
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where one has no files
     */
    public static Corpus open(
            SparkSession spark, Storage storage, String list, List<SourceConfig> configs, double badRows) {
        List<Source> sources = new ArrayList<>();
        for (SourceConfig config : configs) {
            int index = sources.size();
            String key = list + "." + index;
            boolean table = config.format() == SourceConfig.Format.TABLE;
            Path base =
                    table ? new Path("/") : CorpusFiles.of(storage, config, key).base();
            sources.add(new Source(config, key, index, base));
        }
        return new Corpus(spark, sources, badRows);
    }

    /**
     * A corpus that can be used.
     *
     * @param documents with the columns of {@link Documents} alone
     * @param rows how many they are, malformed ones included
     */
    public record Checked(Dataset<Row> documents, long rows) {}

    /** What all inputs are now; tables are read for it. */
    public static ContentKey fingerprint(SparkSession spark, Storage storage, Map<String, SourceConfig> inputs) {
        List<ContentKey> fingerprints = new ArrayList<>();
        inputs.forEach((key, source) -> fingerprints.add(
                source.format() == SourceConfig.Format.TABLE
                        ? ColumnSource.fingerprint(spark, new Source(source, key, 0, new Path("/")))
                        : CorpusFingerprint.ofFiles(storage, source, key)));
        return CorpusFingerprint.of(fingerprints);
    }

    /** Every reason for which reading drops a row. */
    public static List<DropReason> reasons() {
        return Defect.reasons();
    }

    /**
     * The documents of all sources; lazy but for the columns of CSV and Parquet files. Besides the columns of
     * {@link Documents} there are two that {@link #checked} reads and removes.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where a column is missing or is no text
     */
    public Dataset<Row> read() {
        Dataset<Row> documents = sources.stream()
                .map(this::read)
                .reduce(Dataset::unionByName)
                .orElseThrow(() -> new IllegalStateException("a corpus has at least one source"));
        boolean holdsSamples = sources.stream().anyMatch(Source::holdsSamples);
        return holdsSamples ? documents : documents.drop(Documents.SAMPLE);
    }

    private Dataset<Row> read(Source source) {
        SourceConfig config = source.config();
        Dataset<Row> rows =
                switch (config.format()) {
                    case JSON -> JsonSource.files(spark, source);
                    case JSON_LINES -> JsonSource.lines(spark, source);
                    case PARQUET -> ColumnSource.parquet(spark, source);
                    case CSV -> ColumnSource.csv(spark, source);
                    case TABLE -> ColumnSource.table(spark, source);
                    case TEXT ->
                        config.document() == SourceConfig.TextUnit.FILE
                                ? TextSource.files(spark, source)
                                : TextSource.lines(spark, source);
                };
        Column given = nullif(col(Source.GIVEN_ID), lit(""));
        Column made = config.format() == SourceConfig.Format.TABLE ? idOfTableRow(config.table()) : Source.madeId();
        Column licence = nullif(col(Source.GIVEN_LICENCE), lit(""));
        return source.withSamples(rows)
                .select(
                        lit(source.index()).as(Documents.SOURCE),
                        col(Documents.FILE),
                        col(Documents.ROW),
                        coalesce(given, made).as(Documents.ID),
                        coalesce(licence, lit(config.licence())).as(Documents.LICENCE),
                        col(Documents.TEXT),
                        col(Documents.SAMPLE),
                        nullif(col(Source.GIVEN_GROUP), lit("")).as(Documents.GROUP),
                        try_to_timestamp(col(Source.GIVEN_TIMESTAMP)).as(Documents.TIMESTAMP),
                        dropped().as(Documents.DROPPED),
                        given.isNotNull().as(HAS_ID),
                        licence.isNotNull().as(HAS_LICENCE));
    }

    /** A table's rows have no place: their text's hash names those that have no id. */
    private static Column idOfTableRow(String table) {
        Column hash = substring(Documents.contentHash(), 1, HASH_DIGITS);
        return concat(lit(table + "#"), coalesce(hash, lit("")));
    }

    private static Column dropped() {
        Column dropped = lit(null);
        for (Defect defect : Defect.values()) {
            dropped = when(col(Source.DEFECT).equalTo(defect.word()), Documents.verdict(defect.reason()))
                    .otherwise(dropped);
        }
        return dropped;
    }

    /**
     * Refuses a corpus that is empty, lacks a field altogether, or holds too many malformed rows. Counts, so the input
     * should be cached.
     *
     * @param documents what {@link #read} gave, on which steps may have worked
     */
    public Checked checked(Dataset<Row> documents) {
        long rows = 0;
        long malformed = 0;
        for (Row counts : counts(documents)) {
            Source source = sources.get(counts.getInt(0));
            requireFields(source, counts);
            rows += counts.getLong(1);
            malformed += counts.getLong(2);
        }
        if (rows == 0) {
            throw new StageFailure(ExitCode.BAD_INPUT, "the corpus is empty: " + places() + " hold no documents");
        }
        if (malformed > badRows * rows) {
            throw tooMany(malformed, rows, documents);
        }
        return new Checked(documents.drop(HAS_ID, HAS_LICENCE), rows);
    }

    private static List<Row> counts(Dataset<Row> documents) {
        Column step = col(Documents.DROPPED).getField("step");
        Column reason = col(Documents.DROPPED).getField("reason");
        return documents
                .groupBy(Documents.SOURCE)
                .agg(
                        count(lit(1)),
                        count_if(step.equalTo(Defect.STEP)),
                        count_if(reason.equalTo(Defect.NO_TEXT.word())),
                        count_if(reason.equalTo(Defect.UNPARSABLE.word())),
                        count_if(col(HAS_ID)),
                        count_if(col(HAS_LICENCE)),
                        count(col(Documents.GROUP)),
                        count(col(Documents.TIMESTAMP)))
                .orderBy(Documents.SOURCE)
                .collectAsList();
    }

    private void requireFields(Source source, Row counts) {
        SourceConfig config = source.config();
        long parsable = counts.getLong(1) - counts.getLong(4);
        if (parsable == 0 || !isJson(config)) {
            return;
        }
        if (counts.getLong(3) == parsable && source.holdsSamples()) {
            throw source.noSuchColumn("", Samples.required(config), JsonSource.fields(spark, source));
        }
        if (counts.getLong(3) == parsable) {
            throw source.noSuchColumn("text", String.join("', '", config.text()), JsonSource.fields(spark, source));
        }
        if (!config.id().isEmpty() && counts.getLong(5) == 0) {
            throw source.noSuchColumn("id", String.join("', '", config.id()), JsonSource.fields(spark, source));
        }
        if (!config.licenceColumn().isEmpty() && counts.getLong(6) == 0) {
            throw source.noSuchColumn("licence-column", config.licenceColumn(), JsonSource.fields(spark, source));
        }
        if (!config.group().isEmpty() && counts.getLong(7) == 0) {
            throw source.noSuchColumn("group", config.group(), JsonSource.fields(spark, source));
        }
        if (!config.timestamp().isEmpty() && counts.getLong(8) == 0) {
            throw source.noSuchColumn("timestamp", config.timestamp(), JsonSource.fields(spark, source));
        }
    }

    private static boolean isJson(SourceConfig config) {
        return config.format() == SourceConfig.Format.JSON || config.format() == SourceConfig.Format.JSON_LINES;
    }

    private StageFailure tooMany(long malformed, long rows, Dataset<Row> documents) {
        Row first = documents
                .where(col(Documents.DROPPED).getField("step").equalTo(Defect.STEP))
                .orderBy(Documents.SOURCE, Documents.FILE, Documents.ROW)
                .select(
                        col(Documents.SOURCE).cast(DataTypes.StringType),
                        Source.madeId(),
                        col(Documents.DROPPED).getField("reason"))
                .first();
        return new StageFailure(
                ExitCode.BAD_INPUT,
                String.format(
                        Locale.ROOT,
                        "%,d of %,d rows (%.2f %%) are malformed, more than corpus.bad-rows %s allows;"
                                + " the first is %s of corpus.sources.%s (%s)",
                        malformed,
                        rows,
                        PERCENT * malformed / rows,
                        badRows,
                        first.getString(1),
                        first.getString(0),
                        Objects.requireNonNull(first.getString(2))));
    }

    private String places() {
        return String.join(
                ", ", sources.stream().map(source -> source.place("")).toList());
    }
}
