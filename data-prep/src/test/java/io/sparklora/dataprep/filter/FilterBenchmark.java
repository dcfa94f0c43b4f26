package io.sparklora.dataprep.filter;

import io.sparklora.dataprep.PrepareSettings;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Runs the four filters over a corpus once for each line of standard input, and answers with the seconds by the clock and
 * the documents kept. {@code interop/benchmark_filters.py} drives it.
 *
 * <p>Arguments: JSON lines with a field {@code text}, threads.
 */
final class FilterBenchmark {
    private static final double NANOS_A_SECOND = 1e9;

    private FilterBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        int threads = Integer.parseInt(arguments[1]);
        try (SparkSession spark = SparkSession.builder()
                .master("local[" + threads + "]")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", threads)
                .getOrCreate()) {
            serve(documents(spark, arguments[0], threads));
        }
    }

    /** In memory from the start, as the peer's are. */
    private static Dataset<Row> documents(SparkSession spark, String corpus, int threads) {
        Dataset<Row> documents = spark.read()
                .schema("text string")
                .json(corpus)
                .withColumn(
                        Documents.DROPPED,
                        functions.expr("cast(null as struct<step: string, reason: string, measured: double,"
                                + " threshold: double, survivor_id: string, found: string>)"))
                .repartition(4 * threads)
                .cache();
        documents.count();
        return documents;
    }

    private static void serve(Dataset<Row> documents) throws IOException {
        FiltersConfig web = PrepareSettings.with("preset=web").filters();
        Dataset<Row> filtered = documents;
        for (Step step : List.of(
                new GopherRepetition(web.gopherRepetition()),
                new GopherQuality(web.gopherQuality()),
                new C4Quality(web.c4Quality()),
                new FineWebQuality(web.finewebQuality()))) {
            filtered = step.apply(filtered);
        }
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (lines.readLine() != null) {
            long start = System.nanoTime();
            // The length needs the last filter's text, so that no work is optimised away. A condition on the rows would
            // be pushed below the filters and have them run twice; the pipeline caches their result instead.
            Row kept = filtered.agg(
                            functions.count_if(functions.col(Documents.DROPPED).isNull()),
                            functions.sum(functions.length(functions.col(Documents.TEXT))))
                    .first();
            System.out.println((System.nanoTime() - start) / NANOS_A_SECOND + " " + kept.getLong(0));
        }
    }
}
