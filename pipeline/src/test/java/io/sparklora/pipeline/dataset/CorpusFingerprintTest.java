package io.sparklora.pipeline.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CorpusFingerprintTest {
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    @BeforeEach
    void writeTwentyFiles() throws IOException {
        for (int i = 0; i < 20; i++) {
            write("one/" + i + ".txt", "text " + i);
        }
    }

    @Test
    void isThatOfNamesLengthsAndHashesAlone() throws IOException {
        for (int i = 19; i >= 0; i--) {
            write("two/" + i + ".txt", "text " + i);
        }

        assertThat(of("two")).isEqualTo(of("one")).isEqualTo(of("one"));
        assertThat(of("one"))
                .isEqualTo(CorpusFingerprint.of(List.of(
                        CorpusFingerprint.ofFiles(storage, Sources.text(directory + "/one"), "corpus.sources.0"))));
    }

    @Test
    void changesWithContentNameAndNumberOfFiles() throws IOException {
        ContentKey before = of("one");

        write("one/3.txt", "Text 3");
        ContentKey otherContent = of("one");
        write("one/3.txt", "text 3");
        Files.move(directory.resolve("one/3.txt"), directory.resolve("one/three.txt"));
        ContentKey otherName = of("one");
        Files.move(directory.resolve("one/three.txt"), directory.resolve("one/3.txt"));
        write("one/more.txt", "");
        ContentKey oneMore = of("one");
        Files.delete(directory.resolve("one/more.txt"));

        assertThat(List.of(otherContent, otherName, oneMore))
                .doesNotHaveDuplicates()
                .doesNotContain(before);
        assertThat(of("one")).isEqualTo(before);
    }

    @Test
    void dependsOnTheOrderOfTheSources() throws IOException {
        write("two/a.txt", "other");

        assertThat(of("one", "two")).isNotEqualTo(of("two", "one"));
    }

    @Test
    void isLeftToSparkWhereASourceIsATable() {
        assertThat(CorpusFingerprint.ofFiles(
                        storage, Sources.corpus(Sources.text(directory + "/one"), Sources.table("documents"))))
                .isEmpty();
    }

    @Test
    void refusesASourceWithoutFiles() {
        assertThatThrownBy(() -> of("one", "nowhere"))
                .isInstanceOf(StageFailure.class)
                .hasMessageStartingWith("corpus.sources.1.path matches no file");
    }

    private ContentKey of(String... directories) {
        SourceConfig[] sources = List.of(directories).stream()
                .map(name -> Sources.text(directory + "/" + name))
                .toArray(SourceConfig[]::new);
        return CorpusFingerprint.ofFiles(storage, Sources.corpus(sources)).orElseThrow();
    }

    private void write(String name, String content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
