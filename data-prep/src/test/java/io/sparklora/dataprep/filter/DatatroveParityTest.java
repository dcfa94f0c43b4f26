package io.sparklora.dataprep.filter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.dataprep.PrepareSettings;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The filters take datatrove's decisions for datatrove's reasons on every document of the golden data, which
 * {@code interop/filter_golden.py} made with datatrove 0.10.1. There is no difference that needs an excuse.
 */
final class DatatroveParityTest {
    private static final int HASH_DIGITS = 16;
    private static final FiltersConfig DEFAULTS = PrepareSettings.with(
                    "filters.gopher-repetition.enabled=true",
                    "filters.gopher-quality.enabled=true",
                    "filters.c4-quality.enabled=true",
                    "filters.fineweb-quality.enabled=true")
            .filters();

    private static List<JsonNode> golden = List.of();

    @BeforeAll
    static void read() throws IOException {
        golden = DatatroveGolden.read().all();
        assertThat(golden).hasSizeGreaterThan(2000);
    }

    @Test
    void splitsTextsIntoTheSameWords() {
        assertThat(golden).allSatisfy(line -> {
            Words words = Words.of(line.get("text").asText());
            String joined = IntStream.range(0, words.count())
                    .mapToObj(word -> words.text().substring(words.start(word), words.end(word)))
                    .collect(Collectors.joining("\n"));
            assertThat(words.count()).isEqualTo(line.get("words").asInt());
            assertThat(startOfHash(joined)).isEqualTo(line.get("words_hash").asText());
        });
    }

    @Test
    void dropsForTheSameRepetition() {
        assertSame(new GopherRepetition(DEFAULTS.gopherRepetition()), "gopher_repetition");
    }

    @Test
    void dropsForTheSameLackOfQuality() {
        assertSame(new GopherQuality(DEFAULTS.gopherQuality()), "gopher_quality");
    }

    @Test
    void dropsForTheSameRulesOfC4AndKeepsTheSameLines() {
        Step step = new C4Quality(DEFAULTS.c4Quality());

        assertSame(step, "c4");
        assertSameTexts(step, "c4_text");
    }

    @Test
    void dropsForTheSameRulesOfC4WhereAnyLineEndWillDo() {
        Step step = new C4Quality(
                PrepareSettings.with("filters.c4-quality.enabled=true", "filters.c4-quality.end-punctuation=false")
                        .filters()
                        .c4Quality());

        assertSame(step, "c4_any_line_end");
        assertSameTexts(step, "c4_any_line_end_text");
    }

    @Test
    void dropsForTheSameRulesOfFineWeb() {
        assertSame(new FineWebQuality(DEFAULTS.finewebQuality()), "fineweb");
    }

    @Test
    void theFourFiltersOneAfterTheOtherDropTheSame() {
        FiltersConfig web = PrepareSettings.with("preset=web").filters();
        Dataset<Row> documents = documents();
        for (Step step : List.of(
                new GopherRepetition(web.gopherRepetition()),
                new GopherQuality(web.gopherQuality()),
                new C4Quality(web.c4Quality()),
                new FineWebQuality(web.finewebQuality()))) {
            documents = step.apply(documents);
        }

        List<String> ours = rows(documents).stream()
                .map(row -> row.<Row>getAs(Documents.DROPPED))
                .map(dropped -> dropped == null
                        ? "kept"
                        : dropped.<String>getAs("step") + "/" + dropped.<String>getAs("reason"))
                .toList();

        assertThat(ours).isEqualTo(theirs("chain"));
    }

    private static void assertSame(Step step, String name) {
        List<String> ours = rows(step.apply(documents())).stream()
                .map(row -> row.<Row>getAs(Documents.DROPPED))
                .map(dropped -> dropped == null ? "kept" : dropped.<String>getAs("reason"))
                .toList();

        assertThat(ours).isEqualTo(theirs(name));
        assertThat(step.reasons()).extracting(DropReason::word).containsAll(withoutKept(ours));
        assertEveryReasonCounts(step, ours);
    }

    /** A rule that hardly ever decides is no evidence. Only one text is empty. */
    private static void assertEveryReasonCounts(Step step, List<String> decisions) {
        Map<String, Long> counts =
                decisions.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        assertThat(step.reasons()).extracting(DropReason::word).allSatisfy(reason -> assertThat(
                        counts.getOrDefault(reason, 0L))
                .as(reason)
                .isGreaterThanOrEqualTo(
                        switch (reason) {
                            case "empty", "long-doc" -> 1;
                            default -> 5;
                        }));
        assertThat(counts.get("kept")).isGreaterThan(500);
    }

    private static void assertSameTexts(Step step, String name) {
        List<Row> rows = rows(step.apply(documents()));
        for (int i = 0; i < golden.size(); i++) {
            String text = rows.get(i).getAs(Documents.TEXT);
            JsonNode theirs = golden.get(i).get(name);
            assertThat(text == null ? null : startOfHash(text))
                    .as(golden.get(i).get("text").asText())
                    .isEqualTo(theirs.isNull() ? null : theirs.asText());
        }
    }

    private static List<String> withoutKept(List<String> decisions) {
        return decisions.stream().filter(decision -> !decision.equals("kept")).toList();
    }

    private static Dataset<Row> documents() {
        return TextRows.of(
                golden.stream().map(line -> line.get("text").asText()).toList());
    }

    private static List<Row> rows(Dataset<Row> documents) {
        return documents.orderBy(Documents.ROW).collectAsList();
    }

    /** datatrove's reasons as ours are spelled. */
    private static List<String> theirs(String name) {
        return golden.stream()
                .map(line -> line.get(name).isNull() ? "kept" : line.get(name).asText())
                .map(reason -> reason.replace("c4_any_line_end/", "c4-quality/")
                        .replace("fineweb/", "fineweb-quality/")
                        .replaceAll("(^|/)gopher_(?!.*/)", "$1")
                        .replace('_', '-'))
                .toList();
    }

    private static String startOfHash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, HASH_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
