package io.sparklora.pipeline.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The JSON Schemas say of our manifests what the records are and what is written. */
final class SchemaTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    private Path directory;

    private static JsonNode schema(String name) {
        String resource = "/io/sparklora/pipeline/schema/" + name + ".schema.json";
        try (InputStream in = SchemaTest.class.getResourceAsStream(resource)) {
            return MAPPER.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<ValidationMessage> faults(String name, JsonNode value) {
        JsonSchema schema =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema(name));
        return schema.validate(value);
    }

    static List<Arguments> schemas() {
        return List.of(
                Arguments.of("result", StageResult.class),
                Arguments.of("dataset-manifest", DatasetManifest.class),
                Arguments.of("dataset-statistics", DatasetStatistics.class),
                Arguments.of("adapter-manifest", AdapterManifest.class),
                Arguments.of("evaluation-manifest", EvaluationManifest.class),
                Arguments.of("version-manifest", VersionManifest.class),
                Arguments.of("move", Move.class));
    }

    @ParameterizedTest
    @MethodSource("schemas")
    void hasTheKeysOfTheRecord(String name, Class<?> type) {
        JsonNode schema = schema(name);

        assertSame(schema, schema, type);
    }

    private static void assertSame(JsonNode root, JsonNode object, Class<?> type) {
        List<String> keys = new ArrayList<>();
        List<String> required = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String key =
                    component.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
            keys.add(key);
            if (component.getType() != Optional.class) {
                required.add(key);
            }
            JsonNode property = object.path("properties").path(key);
            if (component.getType() == List.class) {
                assertThat(property.path("type").asText()).as(key).isEqualTo("array");
                property = property.path("items");
            }
            assertElement(root, property, component.getGenericType(), key);
        }
        assertThat(object.path("properties").fieldNames()).toIterable().containsExactlyElementsOf(keys);
        assertThat(object.path("required")).extracting(JsonNode::asText).containsExactlyElementsOf(required);
        assertThat(object.path("additionalProperties").asBoolean(true)).isFalse();
    }

    private static void assertElement(JsonNode root, JsonNode property, Type type, String key) {
        Type element = type instanceof ParameterizedType generic && generic.getActualTypeArguments().length == 1
                ? generic.getActualTypeArguments()[0]
                : type;
        if (element instanceof Class<?> plain && plain.isRecord() && plain != ContentKey.class) {
            assertThat(property.path("$ref").asText()).as(key).isEqualTo("#/$defs/" + plain.getSimpleName());
            assertSame(root, root.path("$defs").path(plain.getSimpleName()), plain);
        } else if (element instanceof Class<?> plain && plain.isEnum()) {
            Set<String> names = new LinkedHashSet<>();
            for (Object constant : plain.getEnumConstants()) {
                names.add(((Enum<?>) constant).name());
            }
            assertThat(property.path("enum")).extracting(JsonNode::asText).containsExactlyElementsOf(names);
        } else {
            assertThat(property.has("type") || property.has("const")).as(key).isTrue();
        }
    }

    @Test
    void acceptsWhatIsWrittenAndRefusesAMissingOrUnknownKey() throws IOException {
        RunDirectory run = new RunDirectory(directory);
        StageMain.Context context = run.context();
        TrainedRun.of(context).prepare().train().evaluate(2.3).publish();
        StageMain.Context next = run.context("seed=18");
        TrainedRun.of(next).prepare().train().evaluate(2.2).publish();

        int seen = 0;
        for (String file : RunDirectory.files(directory)) {
            Optional<String> name = schemaOf(file);
            if (name.isPresent()) {
                assertFits(name.get(), MAPPER.readTree(Files.readString(directory.resolve(file))));
                seen++;
            }
        }
        // Two of each kind: dataset, its statistics, adapter, evaluation, version, move.
        assertThat(seen).isEqualTo(12);
    }

    private static Optional<String> schemaOf(String file) {
        if (file.contains("/aliases/")) {
            return Optional.of("move");
        }
        if (file.endsWith("/" + DatasetStatistics.FILE)) {
            return Optional.of("dataset-statistics");
        }
        if (!file.endsWith("manifest.json")) {
            return Optional.empty();
        }
        if (file.startsWith("registry/")) {
            return Optional.of("version-manifest");
        }
        String kind = file.split("/", -1)[2];
        return Optional.of(kind.substring(0, kind.length() - 1) + "-manifest");
    }

    private static void assertFits(String name, JsonNode value) {
        assertThat(faults(name, value)).as(name).isEmpty();
        ObjectNode more = value.deepCopy();
        more.put("more", 1);
        assertThat(faults(name, more)).as(name).isNotEmpty();
        ObjectNode less = value.deepCopy();
        less.remove(value.has("run_key") ? "run_key" : "dataset_key");
        assertThat(faults(name, less)).as(name).isNotEmpty();
    }

    @Test
    void acceptsTheResultOfAStageThatFailed() throws IOException {
        String json = new String(
                Json.bytes(new StageResult(
                        Stage.TRAIN,
                        StageResult.Status.FAILED,
                        30,
                        Optional.of("diverged"),
                        "the loss is NaN",
                        new StageResult.Summary("train", "the loss is NaN", ""),
                        Map.of("steps", 3.0),
                        Map.of(),
                        1.5)),
                StandardCharsets.UTF_8);

        assertThat(faults("result", MAPPER.readTree(json))).isEmpty();
        assertThat(faults("result", MAPPER.readTree(json.replace("30", "\"30\""))))
                .isNotEmpty();
    }
}
