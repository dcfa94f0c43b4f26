package io.sparklora.dataprep;

import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.run.Storage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/** One Spark session for all tests of a JVM, with two threads. */
public final class SharedSpark {
    private static final SparkSession SESSION = SparkSession.builder()
            .master("local[2]")
            .appName("data-prep tests")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 4)
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.sources.parallelPartitionDiscovery.parallelism", 4)
            // For a handful of rows, compiling a query costs more than running it.
            .config("spark.sql.codegen.wholeStage", false)
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config(
                    "spark.sql.warehouse.dir",
                    Path.of(System.getProperty("java.io.tmpdir"), "warehouse").toString())
            .getOrCreate();

    private SharedSpark() {}

    public static SparkSession session() {
        return SESSION;
    }

    /** Tables in a new directory. */
    public static ScratchTables scratch() {
        Path directory = Path.of(System.getProperty("java.io.tmpdir"), "scratch-" + UUID.randomUUID());
        return new ScratchTables(new Storage(new Configuration()), new org.apache.hadoop.fs.Path(directory.toUri()));
    }

    /** Knows nothing of earlier preparations. */
    public static ValueStore store(ScratchTables scratch) {
        return new ValueStore(new Storage(new Configuration()), Optional.empty(), scratch);
    }

    /** Runs with compiled queries, for many rows. */
    public static <T> T compiled(Supplier<T> action) {
        try {
            return with(
                    Map.of("spark.sql.codegen.wholeStage", "true", "spark.sql.codegen.factoryMode", "FALLBACK"),
                    action::get);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs with other settings and puts the old ones back. */
    public static <T> T with(Map<String, String> settings, Callable<T> action) throws Exception {
        Map<String, String> before = new HashMap<>();
        settings.forEach((key, value) -> {
            before.put(key, SESSION.conf().get(key));
            SESSION.conf().set(key, value);
        });
        try {
            return action.call();
        } finally {
            before.forEach(SESSION.conf()::set);
        }
    }
}
