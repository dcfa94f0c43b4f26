package io.sparklora.dataprep.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.try_to_timestamp;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.language.DeclaredLanguage;
import io.sparklora.dataprep.sample.Samples;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.CorpusConfig.EmptySources;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.Window;
import io.sparklora.pipeline.dataset.CorpusFingerprint;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
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
    private static final String OUTSIDE = "outside_window";
    private static final double PERCENT = 100;

    private final SparkSession spark;
    private final List<Source> sources;
    private final double badRows;
    private final EmptySources emptySources;

    private Corpus(SparkSession spark, List<Source> sources, double badRows, EmptySources emptySources) {
        this.spark = spark;
        this.sources = List.copyOf(sources);
        this.badRows = badRows;
        this.emptySources = emptySources;
    }

    /**
     * Finds the sources.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where one has no files
     */
    public static Corpus open(SparkSession spark, Storage storage, CorpusConfig config) {
        return open(spark, storage, CorpusConfig.SOURCES, config.sources(), config.badRows(), config.emptySources());
    }

    /**
     * Finds the sources of a list.
     *
     * @param list the key of the list, for errors
     * @param badRows largest share of malformed rows
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where one has no files
     */
    public static Corpus open(
            SparkSession spark,
            Storage storage,
            String list,
            List<SourceConfig> configs,
            double badRows,
            EmptySources emptySources) {
        List<Source> sources = new ArrayList<>();
        for (SourceConfig config : configs) {
            sources.add(Source.of(storage, config, list + "." + sources.size(), sources.size()));
        }
        return new Corpus(spark, sources, badRows, emptySources);
    }

    /**
     * The corpus with other names for its files, wherever a document or a message about one shows them.
     *
     * @param names a file's name, below its source's base directory, as it may be shown
     */
    public Corpus showing(UnaryOperator<String> names) {
        List<Source> shown =
                sources.stream().map(source -> source.showing(names)).toList();
        return new Corpus(spark, shown, badRows, emptySources);
    }

    /**
     * A corpus that can be used.
     *
     * @param documents with the columns of {@link Documents} alone
     * @param rows how many they are, malformed ones included
     * @param sources figures of each source, in the order of {@code corpus.sources}
     */
    public record Checked(Dataset<Row> documents, long rows, List<SourceRows> sources) {
        /** Copies the list. */
        public Checked {
            sources = List.copyOf(sources);
        }
    }

    /**
     * What was read of one source.
     *
     * @param source place in {@code corpus.sources}
     * @param documents documents read, malformed rows included
     * @param malformed rows that are no documents
     * @param outsideWindow rows that the source's window leaves out; they are not among the documents
     */
    public record SourceRows(int source, long documents, long malformed, long outsideWindow) {}

    /** What all inputs are now; tables are read for it. */
    public static ContentKey fingerprint(SparkSession spark, Storage storage, Map<String, SourceConfig> inputs) {
        List<ContentKey> fingerprints = new ArrayList<>();
        inputs.forEach((key, source) -> fingerprints.add(
                source.format() == SourceConfig.Format.TABLE
                        ? ColumnSource.fingerprint(spark, Source.of(storage, source, key, 0))
                        : CorpusFingerprint.ofFiles(storage, source, key)));
        return CorpusFingerprint.of(fingerprints);
    }

    /** Every reason for which reading drops a row. */
    public static List<DropReason> reasons() {
        return Defect.reasons();
    }

    /**
     * The documents of all sources; lazy but for the columns of CSV and Parquet files. Besides the columns of
     * {@link Documents} there are some that {@link #checked} reads and removes.
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
                    case PARQUET -> ParquetSource.files(spark, source);
                    case CSV -> CsvSource.files(spark, source);
                    case TABLE -> ColumnSource.table(spark, source);
                    case TEXT ->
                        config.document() == SourceConfig.TextUnit.FILE
                                ? TextSource.files(spark, source)
                                : TextSource.lines(spark, source);
                };
        Column given = nullif(col(Source.GIVEN_ID), lit(""));
        Column made = config.format() == SourceConfig.Format.TABLE
                ? concat(lit(config.table()), Documents.place())
                : Documents.place();
        Column inside = isInside(config.window());
        Column licence = nullif(col(Source.GIVEN_LICENCE), lit(""));
        return source.withSamples(source.names().in(rows))
                .select(
                        lit(source.index()).as(Documents.SOURCE),
                        col(Documents.FILE),
                        col(Documents.ROW),
                        coalesce(given, made).as(Documents.ID),
                        coalesce(licence, lit(config.licence())).as(Documents.LICENCE),
                        lit(DeclaredLanguage.code(config)).as(Documents.SOURCE_LANGUAGE),
                        lit(config.weight()).as(Documents.WEIGHT),
                        when(inside, col(Documents.TEXT)).as(Documents.TEXT),
                        col(Documents.SAMPLE),
                        nullif(col(Source.GIVEN_GROUP), lit("")).as(Documents.GROUP),
                        try_to_timestamp(col(Source.GIVEN_TIMESTAMP)).as(Documents.TIMESTAMP),
                        lit(null).cast("array<bigint>").as(Documents.FINDINGS),
                        when(inside, dropped(config.window())).as(Documents.DROPPED),
                        inside.and(given.isNotNull()).as(HAS_ID),
                        inside.and(licence.isNotNull()).as(HAS_LICENCE),
                        not(inside).as(OUTSIDE))
                .withColumn(Documents.TEXT, when(col(Documents.DROPPED).isNull(), col(Documents.TEXT)));
    }

    /** True for rows inside the source's window, and for those that do not say when they are from. */
    private static Column isInside(Window window) {
        Column time = col(Source.GIVEN_TIME);
        Column early = window.start().map(time::lt).orElse(lit(false));
        Column late = window.end().map(time::geq).orElse(lit(false));
        return not(coalesce(early.or(late), lit(false)));
    }

    private static Column dropped(Window window) {
        Column dropped = lit(null);
        if (!window.column().isEmpty()) {
            dropped = when(col(Source.GIVEN_TIME).isNull(), Documents.verdict(Defect.NO_DATE.reason()));
        }
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
        List<SourceRows> figures = new ArrayList<>();
        Map<Integer, Row> counted = new HashMap<>();
        counts(documents).forEach(counts -> counted.put(counts.getInt(0), counts));
        for (Source source : sources) {
            Row counts = counted.get(source.index());
            if (counts != null) {
                requireFields(source, counts);
                figures.add(new SourceRows(source.index(), counts.getLong(1), counts.getLong(2), counts.getLong(7)));
            } else {
                figures.add(new SourceRows(source.index(), 0, 0, 0));
            }
        }
        long rows = figures.stream().mapToLong(SourceRows::documents).sum();
        long malformed = figures.stream().mapToLong(SourceRows::malformed).sum();
        if (rows == 0) {
            throw new StageFailure(ExitCode.BAD_INPUT, "the corpus is empty: " + places() + " hold no documents");
        }
        if (emptySources == EmptySources.REFUSE) {
            figures.forEach(this::requireRows);
        }
        if (malformed > badRows * rows) {
            throw tooMany(malformed, rows, documents);
        }
        Dataset<Row> inside = documents.where(not(col(OUTSIDE))).drop(HAS_ID, HAS_LICENCE, OUTSIDE);
        return new Checked(inside, rows, figures);
    }

    private void requireRows(SourceRows figures) {
        if (figures.documents() == 0 && figures.outsideWindow() == 0) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    sources.get(figures.source()).place("")
                            + " holds no documents; corpus.empty-sources: allow lets the others do without it");
        }
    }

    private static List<Row> counts(Dataset<Row> documents) {
        Column step = col(Documents.DROPPED).getField("step");
        Column reason = col(Documents.DROPPED).getField("reason");
        return documents
                .groupBy(Documents.SOURCE)
                .agg(
                        count_if(not(col(OUTSIDE))),
                        count_if(step.equalTo(Defect.STEP)),
                        count_if(reason.equalTo(Defect.NO_TEXT.word())),
                        count_if(reason.equalTo(Defect.UNPARSABLE.word())),
                        count_if(col(HAS_ID)),
                        count_if(col(HAS_LICENCE)),
                        count_if(col(OUTSIDE)),
                        count(col(Documents.GROUP)),
                        count(col(Documents.TIMESTAMP)))
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
        if (!config.group().isEmpty() && counts.getLong(8) == 0) {
            throw source.noSuchColumn("group", config.group(), JsonSource.fields(spark, source));
        }
        if (!config.timestamp().isEmpty() && counts.getLong(9) == 0) {
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
                        Documents.place(),
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
