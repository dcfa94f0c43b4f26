package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.config.MovableStep;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's tables of the steps, and of the files to touch for another one, tell of the steps that there are. */
final class StepsTableTest {
    private static final Path MODULE = Path.of(System.getProperty("project.root", ".."), "data-prep");
    private static final Path SOURCES = MODULE.resolve("src/main/java/io/sparklora/dataprep");
    private static final Pattern CLASS = Pattern.compile("`(?:[a-z]+/)?([A-Z]\\w+)`");
    private static final Pattern REASON = Pattern.compile("`([a-z0-9-]+)`");
    private static final String EVERY_STEP = """
            name: every-step
            base: {model: m.gguf}
            corpus:
              licences: {allow: [MIT]}
              sources:
                - {format: csv, path: a.csv, timestamp: day, weight: 0.5}
                - {format: csv, path: b.csv, timestamp: day, kind: instruction}
            prepare:
              privacy: {drop: [ssn]}
              length: {oversized: split}
              recurring-lines: {share: 0.5}
              language: {enabled: true}
              filters:
                gopher-repetition: {enabled: true}
                gopher-quality: {enabled: true}
                c4-quality: {enabled: true}
                fineweb-quality: {enabled: true}
              deduplicate: near
              split: {validation-from: 2026-01-01}
              repeated-paragraphs: {min-words: 3}
              decontaminate: {held-out: true, evaluation-sets: [{format: text, path: questions.txt}]}
            """;

    private static List<Step> steps = List.of();
    private static List<Row> rows = List.of();

    /** A row of the table of the steps. */
    private record Row(String step, String type, String reasons) {
        boolean isStep() {
            return !step.isEmpty() && !name().equals("read");
        }

        boolean isMovable() {
            return step.startsWith("**");
        }

        String name() {
            return step.replaceAll("[*`]", "");
        }

        /** The words that the reasons' cell gives. */
        List<String> words() {
            return found(REASON, reasons);
        }

        /** Whether the cell gives all words, and does not lead to where they stand. */
        boolean isComplete() {
            return !reasons.matches(".*(such as|see|those of).*");
        }
    }

    @BeforeAll
    static void readBoth(@TempDir Path directory) throws IOException {
        rows = Files.readString(MODULE.resolve("README.md"))
                .lines()
                .dropWhile(line -> !line.startsWith("| step |"))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .map(line ->
                        Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
                .map(cells -> new Row(cells.get(1), cells.get(3), cells.get(4)))
                .toList();
        Storage storage = new Storage(new Configuration());
        Path file = Files.writeString(directory.resolve("every-step.yaml"), EVERY_STEP);
        RunConfig config = ConfigFile.load(storage, file.toString(), List.of()).config();
        try (BaseModel tiny = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("model"), 1));
                ScratchTables scratch =
                        new ScratchTables(storage, new org.apache.hadoop.fs.Path(directory.toString()))) {
            TokenRules rules = new TokenRules(tiny.tokenizerJson(), OptionalInt.empty(), 0, 2, 300);
            steps = new Preparation(
                            config.corpus(), config.prepare(), config.seed(), rules, Optional.empty(), Optional.empty())
                    .steps(
                            scratch,
                            new ValueStore(storage, Optional.empty(), scratch),
                            () -> {
                                throw new AssertionError("nothing runs here");
                            },
                            figures -> {});
        }
    }

    @Test
    void theTableNamesEveryStepAndItsClassInTheOrderInWhichTheyRun() {
        assertThat(stepRows())
                .extracting(row -> row.name() + " " + found(CLASS, row.type()))
                .containsExactlyElementsOf(steps.stream()
                        .map(step -> step.name() + " [" + step.getClass().getSimpleName() + "]")
                        .toList());
    }

    @Test
    void everyClassThatIsAStepIsAmongThem() {
        assertThat(steps)
                .extracting(step -> step.getClass().getSimpleName())
                .containsExactlyInAnyOrderElementsOf(sources().stream()
                        .filter(file -> text(file).contains(" implements Step.Of"))
                        .map(StepsTableTest::typeOf)
                        .toList());
    }

    @Test
    void theBoldOnesAreThoseThatCanBeMovedInTheirDefaultOrder() {
        assertThat(stepRows().stream().filter(Row::isMovable).map(Row::name).distinct())
                .containsExactlyElementsOf(Arrays.stream(MovableStep.values())
                        .map(MovableStep::word)
                        .toList());
    }

    @Test
    void theTableGivesTheReasonsForWhichAStepDrops() {
        for (int i = 0; i < steps.size(); i++) {
            Row row = stepRows().get(i);
            List<String> words =
                    steps.get(i).reasons().stream().map(DropReason::word).toList();

            assertThat(words).as(row.name()).containsAll(row.words());
            assertThat(row.reasons().equals("none")).as(row.name()).isEqualTo(words.isEmpty());
            if (row.isComplete()) {
                assertThat(row.words()).as(row.name()).isEqualTo(words);
            }
        }
    }

    @Test
    void everyClassAndFileThatTheTablesNameExists() {
        String readme = text(MODULE.resolve("README.md"));
        Set<String> types = sources().stream().map(StepsTableTest::typeOf).collect(Collectors.toSet());

        assertThat(rows).allSatisfy(row -> assertThat(types).containsAll(found(CLASS, row.type() + row.reasons())));
        String toTouch = readme.substring(readme.indexOf("To add a step"), readme.indexOf("Funnel, ledger, manifest"));
        assertThat(found(Pattern.compile("([A-Z]\\w+)\\.java`"), toTouch))
                .contains("YOURS", "PrepareConfig")
                .filteredOn(type -> !type.equals("YOURS"))
                .allSatisfy(type -> assertThat(MODULE.resolve("../pipeline/src/main/java/io/sparklora/pipeline/config")
                                .resolve(type + ".java"))
                        .exists());
        assertThat(toTouch).contains("`Preparation.steps()`", "the table above");
    }

    private static List<Row> stepRows() {
        return rows.stream().filter(Row::isStep).toList();
    }

    private static List<String> found(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static List<Path> sources() {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String typeOf(Path file) {
        return file.getFileName().toString().replace(".java", "");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
