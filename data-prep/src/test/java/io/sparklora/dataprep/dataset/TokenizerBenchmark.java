package io.sparklora.dataprep.dataset;

import io.sparklora.pipeline.basemodel.BaseModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * Tokenises a corpus once for each line of standard input, and answers with the seconds by the clock and the tokens,
 * without those that end the documents. {@code interop/benchmark_tokenizers.py} drives it.
 *
 * <p>Arguments: JSON lines with a field {@code text}, threads, base model, where to write its tokenizer.json.
 */
final class TokenizerBenchmark {
    private static final double NANOS_A_SECOND = 1e9;

    private TokenizerBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        List<String> texts = texts(arguments[0]);
        TokenRules rules;
        try (BaseModel model = BaseModel.open(Path.of(arguments[2]))) {
            rules = new TokenRules(
                    model.tokenizerJson(),
                    OptionalInt.empty(),
                    model.specialTokens().endOfText(),
                    model.specialTokens().endOfText(),
                    model.shape().vocabularySize());
        }
        Files.writeString(Path.of(arguments[3]), rules.tokenizerJson());
        serve(texts, new DocumentTokens(rules), new ForkJoinPool(Integer.parseInt(arguments[1])));
    }

    private static List<String> texts(String corpus) throws IOException {
        try (SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            return spark.read()
                    .schema("text string")
                    .json(corpus)
                    .as(Encoders.STRING())
                    .collectAsList();
        }
    }

    private static void serve(List<String> texts, DocumentTokens tokens, ForkJoinPool threads)
            throws IOException, InterruptedException, ExecutionException {
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (lines.readLine() != null) {
            long start = System.nanoTime();
            long count = threads.submit(() -> texts.parallelStream()
                            .mapToLong(text -> tokens.tokens(text).length - 1)
                            .sum())
                    .get();
            System.out.println((System.nanoTime() - start) / NANOS_A_SECOND + " " + count);
        }
    }
}
