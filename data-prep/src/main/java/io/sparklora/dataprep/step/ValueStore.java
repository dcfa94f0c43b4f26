package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What was computed of texts and samples, by this preparation and by earlier ones: a table of content hash and value for
 * each way of computing. Values follow from content and way alone, so that a dataset is the same with and without the store, which anyone
 * may delete at any time. Each preparation adds files of its own and none changes another's; those that a killed one
 * left lack Spark's mark of success and are not read.
 */
public final class ValueStore {
    /** Column with the hash of what a value follows from: of a text, {@link Documents#contentHash}. */
    public static final String HASH = "hash";

    private static final String KNOWN_HASH = "known_hash";
    private static final String KNOWN_VALUE = "known_value";
    private static final String IS_NEW = "is_new_value";
    private static final String SUCCESS = "_SUCCESS";

    private final Storage storage;
    private final Optional<Path> root;
    private final ScratchTables scratch;

    /**
     * @param root where the values of earlier preparations lie; without it, none are known and none are left
     * @param scratch keeps what is computed
     */
    public ValueStore(Storage storage, Optional<Path> root, ScratchTables scratch) {
        this.storage = storage;
        this.root = root;
        this.scratch = scratch;
    }

    /**
     * Puts a value in the place of each text; computes those that are not known.
     *
     * @param documents with {@link Documents#TEXT} and {@link #HASH}, which is never null
     * @param name of the new column
     * @param computed the value; null where there is none
     * @param type its type
     * @param way everything but the content that the value follows from, the kind first
     * @param partitions how many tasks compute
     */
    public Dataset<Row> with(
            Dataset<Row> documents, String name, Column computed, DataType type, List<String> way, int partitions) {
        Dataset<Row> hashed = documents.repartition(partitions, col(HASH));
        Optional<Path> table = root.map(directory ->
                new Path(directory, way.get(0) + "-" + ContentKey.of(way).directoryName()));
        List<String> known = table.map(this::wholeParts).orElse(List.of());
        Dataset<Row> valued = known.isEmpty()
                ? hashed.withColumn(name, computed).withColumn(IS_NEW, lit(true))
                : hashed.join(read(documents, type, known), col(HASH).equalTo(col(KNOWN_HASH)), "left")
                        .withColumn(IS_NEW, col(KNOWN_VALUE).isNull())
                        .withColumn(name, coalesce(col(KNOWN_VALUE), computed))
                        .drop(KNOWN_HASH, KNOWN_VALUE);
        Dataset<Row> kept = scratch.keep(valued.drop(Documents.TEXT));
        table.ifPresent(directory -> add(kept, name, directory));
        return kept.drop(IS_NEW);
    }

    private List<String> wholeParts(Path table) {
        return storage.exists(table)
                ? storage.list(table).stream()
                        .map(FileStatus::getPath)
                        .filter(part -> storage.exists(new Path(part, SUCCESS)))
                        .map(Path::toString)
                        .sorted()
                        .toList()
                : List.of();
    }

    private static Dataset<Row> read(Dataset<Row> documents, DataType type, List<String> parts) {
        return documents
                .sparkSession()
                .read()
                .schema(new StructType().add(KNOWN_HASH, DataTypes.StringType).add(KNOWN_VALUE, type))
                .option("parquet.page.verify-checksum.enabled", true)
                .parquet(parts.toArray(String[]::new))
                // Two preparations at the same time may have computed the same.
                .dropDuplicates(KNOWN_HASH);
    }

    private void add(Dataset<Row> valued, String name, Path table) {
        Dataset<Row> unknown = valued.where(col(IS_NEW).and(col(name).isNotNull()))
                .select(col(HASH).as(KNOWN_HASH), col(name).as(KNOWN_VALUE))
                .dropDuplicates(KNOWN_HASH);
        if (!unknown.select(lit(1)).isEmpty()) {
            unknown.write()
                    .option("compression", "zstd")
                    .parquet(new Path(table, UUID.randomUUID().toString()).toString());
        }
    }
}
