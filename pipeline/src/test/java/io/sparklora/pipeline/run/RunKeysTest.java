package io.sparklora.pipeline.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.registry.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RunKeysTest {
    private static final ContentKey BASE = ContentKey.of(List.of("base"));
    private static final ContentKey CORPUS = ContentKey.of(List.of("corpus"));

    @TempDir
    private Path directory;

    private RunDirectory run;

    @BeforeEach
    void configure() {
        run = new RunDirectory(directory);
    }

    private List<ContentKey> keys(String... overrides) {
        RunKeys keys = run.context(overrides).keys();
        ContentKey dataset = keys.datasetKey(BASE, CORPUS);
        ContentKey adapter = keys.runKey(new PreparedPlan(dataset, CORPUS, BASE));
        return List.of(keys.configKey(), dataset, adapter, keys.evaluationKey(adapter, Optional.empty()));
    }

    @Test
    void areOneWhereSettingsMeanTheSame() {
        assertThat(keys("base.dtype=fp32", "base.compute=fp32")).isEqualTo(keys("base.dtype=fp32"));
        assertThat(keys("publish.profile=peft", "lora.modules-to-save=[lm_head, embed_tokens]"))
                .isEqualTo(keys("publish.profile=peft", "lora.modules-to-save=[embed_tokens, lm_head]"));
    }

    /** Letters of the keys that an override changes: c(onfig), d(ataset), r(un), e(valuation). */
    @ParameterizedTest
    @CsvSource({
        "seed=18, cdre",
        "prepare.sequence.length=256, cdre",
        "corpus.bad-rows=0.5, cdre",
        "corpus.sources.0.path=other, cdre",
        "base.model=other, c",
        "base.dtype=fp32, re",
        "base.compute=fp32, re",
        "base.device=cpu, re",
        "lora.rank=4, re",
        "lora.dropout=0.1, re",
        "lora.rank-pattern.q_proj=2, re",
        "train.learning-rate=0.002, re",
        "train.threads=2, re",
        "train.executors=3, ''",
        "train.checkpoint.steps=5, ''",
        "train.checkpoint.minutes=5, ''",
        "train.checkpoint.grace=5, ''",
        "evaluate.gate.min-improvement=0.1, e",
        "publish.alias=best, ''",
        "storage.runs=elsewhere, ''",
        "spark.conf.spark.x=y, ''",
        "name=other, ''"
    })
    void aKeyChangesWithWhatCanChangeItsBytes(String override, String changed) {
        List<ContentKey> before = keys();
        List<ContentKey> after = keys(override);

        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < before.size(); i++) {
            if (!before.get(i).equals(after.get(i))) {
                letters.append("cdre".charAt(i));
            }
        }
        assertThat(letters).hasToString(changed);
    }

    @Test
    void theRunKeyCoversTheContentOfTheAdapterThatItStartsFromNotItsPlace() throws IOException {
        Path one = adapter("one", "weights");
        Path same = adapter("runs/x/adapter", "weights").getParent();
        Path other = adapter("other", "other weights");

        assertThat(runKey("lora.from=" + one))
                .isEqualTo(runKey("lora.from=" + same))
                .isNotEqualTo(runKey("lora.from=" + other))
                .isNotEqualTo(keys().get(2));
        assertThatThrownBy(() -> runKey("lora.from=" + directory))
                .hasMessage("there is no adapter in " + directory + ": adapter_config.json is missing");
    }

    private ContentKey runKey(String override) {
        return keys(override).get(2);
    }

    private Path adapter(String name, String weights) throws IOException {
        Path adapter = Files.createDirectories(directory.resolve(name));
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");
        Files.writeString(adapter.resolve("adapter_model.safetensors"), weights);
        return adapter;
    }

    @Test
    void theVerdictIsOnOneChampion() {
        RunKeys keys = run.context().keys();

        assertThat(keys.evaluationKey(BASE, Optional.of("v1")))
                .isNotEqualTo(keys.evaluationKey(BASE, Optional.of("v2")))
                .isNotEqualTo(keys.evaluationKey(BASE, Optional.empty()))
                .isNotEqualTo(keys.evaluationKey(CORPUS, Optional.of("v1")));
    }

    @Test
    void partsDoNotRunTogether() {
        assertThat(ContentKey.of(List.of("ab", "c"))).isNotEqualTo(ContentKey.of(List.of("a", "bc")));
        assertThat(ContentKey.of(List.of("ab"))).isNotEqualTo(ContentKey.of(List.of("ab", "")));
        assertThatThrownBy(() -> new ContentKey("AB")).hasMessageContaining("64 hexadecimal digits but was 'AB'");
    }
}
