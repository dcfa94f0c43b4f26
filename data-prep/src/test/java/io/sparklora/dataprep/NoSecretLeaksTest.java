package io.sparklora.dataprep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparklora.dataprep.privacy.Secrets;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.jsoup.Jsoup;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Plants secrets in texts, ids, licences and names of files, prepares, and looks for them in everything that was written.
 * Spark's log names the files that it opens by their paths; that and no more is let pass.
 */
final class NoSecretLeaksTest {
    private static final String EVERY_KIND = "[private-key, api-key, email, iban, card, ssn, ip-address, phone]";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Storage storage = new Storage(new Configuration());
    private final List<Path> named = new ArrayList<>();

    @TempDir
    private Path directory;

    @BeforeEach
    void plant() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String secret : Secrets.all()) {
            int number = lines.size();
            // A third of them in ids, some of those in documents that are dropped.
            String id = number % 3 == 0 ? secret : "id" + number;
            String text = number % 6 == 0 ? "short" : "document number " + number + " holds " + secret + " and goes on";
            lines.add(MAPPER.writeValueAsString(Map.of("id", id, "text", text, "licence", "by " + secret)));
        }
        lines.add("{\"id\": \"" + Secrets.all().get(0) + "\", \"text\": 5}");
        // Dropped before any text is looked through.
        lines.add(MAPPER.writeValueAsString(
                Map.of("id", "denied", "text", String.join(" ", Secrets.all()), "licence", "GPL-3.0-only")));
        CorpusDirectory files = new CorpusDirectory(directory.resolve("corpus"));
        files.write("x.jsonl", String.join("\n", lines));
        for (String secret : secretsInNames()) {
            // A third of them too short to be kept, and the others in threes that are the same.
            String text = named.size() % 3 == 0 ? "short" : "a document of a file with a name " + named.size() / 9;
            named.add(files.write("names/" + secret + ".txt", text));
        }
        TinyModels.huggingFaceDirectory(directory.resolve("model"), 1);
        Files.writeString(directory.resolve("run.yaml"), """
                name: tiny
                storage: {runs: %1$s/runs}
                base: {model: %1$s/model}
                corpus:
                  sources:
                    - {format: json-lines, path: %1$s/corpus/x.jsonl, id: id, licence-column: licence}
                    - {format: text, path: %1$s/corpus/names}
                  bad-rows: 0.5
                  licences: {deny: [GPL-3.0-only]}
                prepare:
                  length: {min-characters: 10}
                  split: {validation: 0.2}
                  sequence: {length: 1024}
                  statistics: {samples: 100}
                """.formatted(directory));
    }

    /** Those that a file's name can hold on any file system, and Hadoop's paths. */
    private static List<String> secretsInNames() {
        return Secrets.all().stream()
                .filter(secret -> secret.matches("[\\x20-\\x7E&&[^:]]*"))
                .toList();
    }

    @Test
    void noneOfFortySecretsIsInAnythingThatIsWrittenWhereTheyAreReplaced() throws IOException {
        String outputs = outputs("prepare.privacy.replace=" + EVERY_KIND);

        assertNoneIn(outputs);
        // The page did show texts of which they were taken out.
        assertThat(outputs).contains("holds <EMAIL> and goes on", "holds <API_KEY> and goes on");
        assertThat(named).hasSizeGreaterThanOrEqualTo(40);
        assertThat(outputs).contains("<EMAIL>.txt", "<EMAIL>.txt~2", "<IBAN>.txt", "<API_KEY>.txt");
    }

    @Test
    void noneOfFortySecretsIsInTheTextsOfDocumentsThatAreDroppedLater() throws IOException {
        new CorpusDirectory(directory.resolve("corpus"))
                .write("y.jsonl", "{\"text\": \"" + "a document that is long enough to be kept ".repeat(20) + "\"}");

        String outputs = outputs(
                "prepare.privacy.replace=" + EVERY_KIND,
                "prepare.length.min-characters=800",
                "prepare.split.validation=0",
                "corpus.sources.0.path=" + directory + "/corpus/*.jsonl");

        assertNoneIn(outputs);
        assertThat(outputs).contains("holds <EMAIL> and goes on", "length: too-short");
    }

    @Test
    void noneOfFortySecretsIsInAnythingThatIsWrittenWhereTheyDropTheirDocuments() throws IOException {
        new CorpusDirectory(directory.resolve("corpus"))
                .write("y.jsonl", "{\"text\": \"a document without any, one\"}\n{\"text\": \"and another, two\"}");

        assertNoneIn(outputs(
                "prepare.privacy.drop=" + EVERY_KIND,
                "prepare.split.validation=0",
                "corpus.sources.0.path=" + directory + "/corpus/*.jsonl"));
    }

    @Test
    void noneOfFortySecretsIsInTheLicencesThatDocumentsAreDroppedFor() throws IOException {
        new CorpusDirectory(directory.resolve("corpus"))
                .write("y.jsonl", "{\"text\": \"a document that may be used\", \"licence\": \"MIT\"}");

        String outputs = outputs(
                "prepare.privacy.replace=" + EVERY_KIND,
                "corpus.licences={allow: [MIT]}",
                "prepare.split.validation=0",
                "corpus.sources.0.path=" + directory + "/corpus/*.jsonl");

        assertNoneIn(outputs);
        assertThat(outputs).contains("licence-not-allowed,null,null,null,by <EMAIL>]");
    }

    @Test
    void noneOfFortySecretsIsInTheErrorThatMalformedRowsEndIn() {
        assertThatThrownBy(() -> outputs("prepare.privacy.replace=" + EVERY_KIND, "corpus.bad-rows=0"))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("the first is x.jsonl#" + (Secrets.all().size() + 1))
                .satisfies(e -> assertThat(Secrets.all())
                        .filteredOn(traceOf(e)::contains)
                        .isEmpty());
    }

    @Test
    void noneOfFortySecretsIsInTheErrorThatAMalformedFileEndsIn() {
        CorpusDirectory files = new CorpusDirectory(directory.resolve("corpus"));
        files.write("broken/" + secretsInNames().get(0) + ".json", "{");

        assertThatThrownBy(() -> outputs(
                        "prepare.privacy.replace=" + EVERY_KIND,
                        "corpus.bad-rows=0",
                        "corpus.sources=[{format: json, path: " + directory + "/corpus/broken}]"))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("the first is <API_KEY>.json of corpus.sources.0 (unparsable)");
    }

    @Test
    void theyAreFoundWhereNobodyAskedForPrivacy() throws IOException {
        String outputs = outputs();

        assertThat(Secrets.all()).hasSizeGreaterThanOrEqualTo(40);
        assertThat(Secrets.all()).filteredOn(outputs::contains).isEqualTo(Secrets.all());
    }

    private static void assertNoneIn(String outputs) {
        assertThat(outputs).contains("document_id", "kind");
        assertThat(Secrets.all())
                .filteredOn(secret -> outputs.contains(secret) || outputs.contains(jsonOf(secret)))
                .isEmpty();
    }

    private static String traceOf(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        return trace.toString();
    }

    private static String jsonOf(String text) {
        try {
            String quoted = MAPPER.writeValueAsString(text);
            return quoted.substring(1, quoted.length() - 1);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All files of the run, tables and tokens as text, and all that was logged and printed on the way. */
    private String outputs(String... overrides) throws IOException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = System.out;
        PrintStream err = System.err;
        PrintStream recorded = new PrintStream(said, true, StandardCharsets.UTF_8);
        StringBuilder all = new StringBuilder();
        System.setOut(recorded);
        System.setErr(recorded);
        SharedSpark.session().sparkContext().setLogLevel("DEBUG");
        try {
            StageResult result = Prepare.run(context(overrides), SharedSpark::session);
            all.append(result);
        } finally {
            SharedSpark.session().sparkContext().setLogLevel("ERROR");
            System.setOut(out);
            System.setErr(err);
        }
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("DEBUG", "reading 2 sources");
        all.append(withoutPaths(said.toString(StandardCharsets.UTF_8)));
        try (var files = Files.walk(directory.resolve("runs"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                all.append(file).append(content(file)).append('\n');
            }
        }
        return all.toString();
    }

    /** Without the paths of the files that are read, as they are and as URIs. */
    private String withoutPaths(String log) {
        String rest = log;
        for (Path file : named) {
            String path = file.toString();
            String uri = new org.apache.hadoop.fs.Path(path).toUri().getRawPath();
            rest = rest.replace(path, "").replace(uri, "");
        }
        return rest;
    }

    private String content(Path file) throws IOException {
        if (file.toString().endsWith(".html")) {
            String page = Files.readString(file);
            return page + Jsoup.parse(page).wholeText();
        }
        if (!file.toString().endsWith(".parquet")) {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        }
        StringBuilder rows = new StringBuilder(Files.readString(file, StandardCharsets.ISO_8859_1));
        for (Row row : SharedSpark.session().read().parquet(file.toString()).collectAsList()) {
            rows.append(row.schema()).append(row);
            if (row.schema().getFieldIndex("input_ids").isDefined()) {
                rows.append(TinyText.decode(tokenizerJson(), row.getList(row.fieldIndex("input_ids"))));
            }
        }
        return rows.toString();
    }

    private String tokenizerJson() {
        try (BaseModel base = BaseModel.open(directory.resolve("model"))) {
            return base.tokenizerJson();
        }
    }

    private StageMain.Context context(String... overrides) {
        ConfigFile file = ConfigFile.load(storage, directory.resolve("run.yaml").toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        return new StageMain.Context(file.config(), new RunKeys(file), layout, storage);
    }
}
