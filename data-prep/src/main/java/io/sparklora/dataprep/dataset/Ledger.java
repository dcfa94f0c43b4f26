package io.sparklora.dataprep.dataset;

import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.run.Storage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private final long characters;
    private final Dataset<Row> documents;

    private Ledger(Funnel funnel, long characters, Dataset<Row> documents) {
        this.funnel = funnel;
        this.characters = characters;
        this.documents = documents;
    }

    /**
     * Counts documents by what became of them.
     *
     * @param documents after the last step, kept
     * @param read how many were read
     * @param reasons every reason of every step, in their order
     * @throws IllegalArgumentException where documents were lost or doubled on the way, or dropped for an unnamed reason
     */
    public static Ledger of(Dataset<Row> documents, long read, List<DropReason> reasons) {
        Map<DropReason, Long> counts = new HashMap<>();
        long kept = 0;
        long characters = 0;
        for (Row row : documents
                .groupBy(
                        col(Documents.DROPPED).getField("step"),
                        col(Documents.DROPPED).getField("reason"))
                .agg(count(lit(1)), coalesce(sum(char_length(col(Documents.TEXT))), lit(0L)))
                .collectAsList()) {
            if (row.isNullAt(0)) {
                kept = row.getLong(2);
                characters = row.getLong(3);
            } else {
                counts.put(new DropReason(row.getString(0), row.getString(1)), row.getLong(2));
            }
        }
        List<Dropped> dropped = reasons.stream()
                .map(reason -> new Dropped(reason.step(), reason.word(), counts.getOrDefault(reason, 0L)))
                .toList();
        return new Ledger(new Funnel(read, kept, dropped), characters, documents);
    }

    /** Documents in = kept + dropped by each reason. */
    public Funnel funnel() {
        return funnel;
    }

    /** Characters (code points) of the kept documents. */
    public long characters() {
        return characters;
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
