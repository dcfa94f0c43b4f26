package io.sparklora.pipeline.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;

class JsonTest {
    private static final Path WHERE = new Path("a/manifest.json");

    record Inner(String version, double loss) {}

    record Outer(
            int schemaVersion, ContentKey runKey, Optional<Inner> champion, Map<String, Long> licences, String name) {}

    @Test
    void readsBackWhatItWritesWithAndWithoutAnOptionalValue() {
        ContentKey key = ContentKey.of(List.of("x"));
        for (Optional<Inner> champion : List.of(Optional.of(new Inner("v3", 2.25)), Optional.<Inner>empty())) {
            Outer value = new Outer(1, key, champion, Map.of("MIT", 2L), "tiny");

            assertThat(Json.parse(Outer.class, Json.bytes(value), WHERE)).isEqualTo(value);
        }
    }

    @Test
    void leavesAnEmptyOptionalOut() {
        Outer value = new Outer(1, ContentKey.of(List.of("x")), Optional.empty(), Map.of(), "tiny");

        assertThat(Json.line(value)).doesNotContain("champion");
    }

    @Test
    void refusesAMissingKeyAndAnUnknownOne() {
        assertRefused("{}", "schema_version");
        assertRefused("{\"version\": \"v1\", \"loss\": 2, \"score\": 1}", "Unrecognized field \"score\"");
        assertRefused("{\"version\": \"v1\"}", "loss");
        assertRefused("{\"version\": \"v1\", \"version\": \"v2\", \"loss\": 2}", "Duplicate field 'version'");
    }

    private static void assertRefused(String json, String message) {
        Class<?> type = message.equals("schema_version") ? Outer.class : Inner.class;
        assertThatThrownBy(() -> Json.parse(type, json.getBytes(StandardCharsets.UTF_8), WHERE))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.MISMATCH))
                .hasMessageContaining(WHERE + " is no " + type.getSimpleName())
                .hasMessageContaining(message);
    }
}
