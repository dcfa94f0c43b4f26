package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.TextChange;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetStatistics.LanguageStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.DatasetStatistics.StepFigure;
import io.sparklora.pipeline.run.Storage;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Where the documents went: the funnel counts them, the ledger lists those that were dropped, one row each, sorted within
 * its files: document_id, source (place in {@code corpus.sources}), file, row, step, reason, measured, threshold,
 * survivor_id, found (a word where the reason is one: the licence, the language).
 */
public final class Ledger {
    private static final String DIRECTORY = "ledger";
    private static final long ROWS_OF_FILE = 1_000_000;
    private static final int ROWS_OF_GROUP = 100_000;

    private final Funnel funnel;
    private final List<TextChange> changes;
    private final List<Tally> tallies;
    private final Dataset<Row> documents;

    private Ledger(Funnel funnel, List<TextChange> changes, List<Tally> tallies, Dataset<Row> documents) {
        this.funnel = funnel;
        this.changes = List.copyOf(changes);
        this.tallies = tallies;
        this.documents = documents;
    }

    /**
     * Counts documents by what became of them.
     *
     * @param documents after the last step, kept
     * @param read how many were read
     * @param reasons every reason of every step, in their order
     * @param changes every one that a step counts, in the order of the steps
     * @throws IllegalArgumentException where documents were lost or doubled on the way, or dropped for an unnamed reason
     */
    public static Ledger of(Dataset<Row> documents, long read, List<DropReason> reasons, List<TextChange> changes) {
        List<Tally> tallies = Tally.of(documents, changes);
        List<Dropped> dropped = reasons.stream()
                .map(reason -> new Dropped(reason.step(), reason.word(), documents(tallies, tally -> tally.reason()
                        .equals(Optional.of(reason)))))
                .toList();
        long kept = documents(tallies, tally -> tally.reason().isEmpty());
        return new Ledger(new Funnel(read, kept, dropped), changes, tallies, documents);
    }

    private static long documents(List<Tally> tallies, Predicate<Tally> which) {
        return tallies.stream().filter(which).mapToLong(Tally::documents).sum();
    }

    /** Documents in = kept + dropped by each reason. */
    public Funnel funnel() {
        return funnel;
    }

    /** What the steps did to texts, also to those that a later step dropped. */
    public List<StepFigure> changes() {
        return IntStream.range(0, changes.size())
                .mapToObj(place -> new StepFigure(
                        changes.get(place).step(),
                        changes.get(place).word(),
                        tallies.stream()
                                .mapToLong(tally -> tally.changes().get(place))
                                .sum()))
                .toList();
    }

    /** Characters (code points) of the kept documents. */
    public long characters() {
        return tallies.stream().mapToLong(Tally::characters).sum();
    }

    /**
     * What became of the documents of each language, those with the most tokens first.
     *
     * @param kept the languages of the kept documents
     */
    public List<LanguageStatistics> languages(List<Share> kept) {
        Map<String, List<Tally>> byLanguage = tallies.stream()
                .filter(tally -> tally.language().isPresent())
                .collect(Collectors.groupingBy(tally -> tally.language().orElseThrow()));
        return byLanguage.entrySet().stream()
                .map(language -> language(language.getKey(), language.getValue(), kept))
                .sorted(Comparator.comparingLong(LanguageStatistics::tokens)
                        .thenComparingLong(LanguageStatistics::read)
                        .reversed()
                        .thenComparing(LanguageStatistics::name))
                .toList();
    }

    private LanguageStatistics language(String name, List<Tally> ofLanguage, List<Share> kept) {
        List<Dropped> dropped = funnel.dropped().stream()
                .map(each -> new Dropped(each.step(), each.reason(), documents(ofLanguage, tally -> tally.reason()
                        .equals(Optional.of(new DropReason(each.step(), each.reason()))))))
                .filter(each -> each.documents() > 0)
                .toList();
        long tokens = kept.stream()
                .filter(share -> share.name().equals(name))
                .mapToLong(Share::tokens)
                .sum();
        return new LanguageStatistics(
                name,
                documents(ofLanguage, tally -> true),
                documents(ofLanguage, tally -> tally.reason().isEmpty()),
                tokens,
                Tally.meanConfidence(ofLanguage),
                dropped);
    }

    /** Writes the dropped documents below a directory; no file where there are none. */
    public void write(Storage storage, Path below) {
        long rows = funnel.read() - funnel.kept();
        if (rows == 0) {
            return;
        }
        int shards = Math.toIntExact((rows + ROWS_OF_FILE - 1) / ROWS_OF_FILE);
        Column shard = pmod(xxhash64(col(Documents.ID)), lit((long) shards)).cast(DataTypes.IntegerType);
        Dataset<Row> ledger = documents
                .where(col(Documents.DROPPED).isNotNull())
                .select(
                        col(Documents.ID),
                        col(Documents.SOURCE),
                        col(Documents.FILE),
                        when(col(Documents.FILE).notEqual(""), col(Documents.ROW))
                                .as(Documents.ROW),
                        col("dropped.step"),
                        col("dropped.reason"),
                        col("dropped.measured"),
                        col("dropped.threshold"),
                        col("dropped.survivor_id"),
                        col("dropped.found"),
                        shard.as(ShardedParquet.FILE_NUMBER));
        Column order = struct(
                col(Documents.SOURCE),
                col(Documents.ID),
                col(Documents.FILE),
                coalesce(col(Documents.ROW), lit(0L)),
                col("step"),
                col("reason"),
                col("measured"),
                col(Documents.FOUND));
        List<String> names = IntStream.range(0, shards)
                .mapToObj(number -> ShardedParquet.name(DIRECTORY, number))
                .toList();
        ShardedParquet.write(ShardedParquet.gathered(ledger, shards), order, ROWS_OF_GROUP, names, storage, below);
    }
}
