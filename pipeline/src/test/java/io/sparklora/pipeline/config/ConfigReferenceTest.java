package io.sparklora.pipeline.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ConfigReferenceTest {
    private static final Path PAGE = Path.of(System.getProperty("project.root", ".."), "docs", "configuration.md");

    @Test
    void thePageIsWhatTheRecordsSay() throws IOException {
        if (System.getProperty("update") != null) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, ConfigReference.markdown());
        }

        assertThat(PAGE).content().isEqualTo(ConfigReference.markdown());
    }

    @Test
    void everyKeyIsDescribedInASentence() {
        assertThat(ConfigReference.keys())
                .isNotEmpty()
                .allSatisfy(entry -> assertThat(entry.key().rule().value()).matches("[A-Z].*\\."));
    }
}
