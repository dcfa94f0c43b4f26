package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.col;

import io.sparklora.dataprep.CorpusDirectory;
import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.corpus.Corpus;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropExactDuplicates;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.pipeline.config.PrepareConfig.Deduplicate;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates.Keep;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Exact and near-duplicates out of JSON lines, kept documents written as JSON lines, in a process of its own with so many
 * threads; {@code interop/benchmark_minhash.py} times it beside datatrove. Arguments: {@code run}, input, output, threads;
 * or {@code quality}, input, documents: precision and recall of the pairs among the first documents by id.
 */
final class MinHashBenchmark {
    private static final NearDuplicates SETTINGS = new NearDuplicates(5, 14, 8, 0.75, Keep.SURVIVOR, 0);

    private MinHashBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        boolean isQuality = arguments[0].equals("quality");
        String threads = isQuality ? "2" : arguments[3];
        try (SparkSession spark = SparkSession.builder()
                        .master("local[" + threads + "]")
                        .config("spark.ui.enabled", false)
                        .config("spark.sql.shuffle.partitions", Integer.parseInt(threads) * 4)
                        .config("spark.log.level", "WARN")
                        .getOrCreate();
                ScratchTables scratch =
                        new ScratchTables(new Storage(new Configuration()), new Path(arguments[1] + ".scratch"))) {
            Dataset<Row> documents = documents(spark, arguments[1]);
            if (isQuality) {
                Dataset<Row> sample = documents.orderBy(Documents.ID).limit(Integer.parseInt(arguments[2]));
                quality(scratch.keep(sample), scratch);
            } else {
                run(scratch.keep(documents), arguments[2], scratch);
            }
        }
    }

    private static Dataset<Row> documents(SparkSession spark, String input) {
        SourceConfig source = CorpusDirectory.source(
                SourceConfig.Format.JSON_LINES,
                input,
                "",
                List.of("text"),
                List.of("id"),
                "",
                "",
                SourceConfig.TextUnit.FILE);
        return Corpus.open(spark, new Storage(new Configuration()), CorpusDirectory.corpus(0, source))
                .read();
    }

    private static void run(Dataset<Row> documents, String output, ScratchTables scratch) {
        Dataset<Row> judged = deduplicated(documents, scratch);
        judged.where(col(Documents.DROPPED).isNull())
                .select(col(Documents.ID).as("id"), col(Documents.TEXT))
                .write()
                .json(output);
    }

    private static Dataset<Row> deduplicated(Dataset<Row> documents, ScratchTables scratch) {
        Dataset<Row> different = new DropExactDuplicates(Deduplicate.NEAR).apply(documents);
        return new DropNearDuplicates(Deduplicate.NEAR, SETTINGS, scratch, SharedSpark.store(scratch), none -> {})
                .apply(different);
    }

    private static void quality(Dataset<Row> sample, ScratchTables scratch) {
        Map<String, Long> clusters = new TreeMap<>();
        for (Row row : deduplicated(sample, scratch)
                .where(col(Documents.CLUSTER).isNotNull())
                .select(Documents.ID, Documents.CLUSTER)
                .collectAsList()) {
            clusters.put(row.getString(0), row.getLong(1));
        }
        List<String> texts = new ArrayList<>();
        Map<Integer, Long> byPlace = new TreeMap<>();
        Dataset<Row> different = new DropExactDuplicates(Deduplicate.NEAR)
                .apply(sample)
                .where(col(Documents.TEXT).isNotNull())
                .orderBy(Documents.ID);
        for (Row row : different.select(Documents.ID, Documents.TEXT).collectAsList()) {
            if (clusters.containsKey(row.getString(0))) {
                byPlace.put(texts.size(), clusters.get(row.getString(0)));
            }
            texts.add(row.getString(1));
        }
        System.out.println(PairQuality.of(texts, byPlace, SETTINGS));
    }
}
