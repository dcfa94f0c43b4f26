package io.sparklora.pipeline.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CorpusFilesTest {
    private final Storage storage = new Storage(new Configuration());

    @TempDir
    private Path directory;

    @Test
    void listsTheFilesBelowADirectorySortedByName() throws IOException {
        write("b.txt", "22");
        write("a/c.txt", "1");
        write("a/z y+%.txt", "333");

        CorpusFiles files = files("");

        assertThat(files.files())
                .extracting(CorpusFiles.File::name, CorpusFiles.File::bytes)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("a/c.txt", 1L),
                        org.assertj.core.groups.Tuple.tuple("a/z y+%.txt", 3L),
                        org.assertj.core.groups.Tuple.tuple("b.txt", 2L));
        assertThat(files.base().toUri().getPath()).isEqualTo(directory.toString());
    }

    @Test
    void leavesOutHiddenFilesAndDirectoriesButKeepsPartitionsThatStartWithAnUnderscore() throws IOException {
        write("_SUCCESS", "");
        write(".part.crc", "1");
        write("_temporary/part", "1");
        write(".git/config", "1");
        write("_year=2026/part", "1");

        assertThat(files("").files()).extracting(CorpusFiles.File::name).containsExactly("_year=2026/part");
    }

    @Test
    void namesFilesBelowTheDeepestDirectoryWithoutAWildcard() throws IOException {
        write("x/2026/a.txt", "1");
        write("x/2027/b.txt", "1");
        write("y/c.txt", "1");

        assertThat(files("x/*/*.txt").files())
                .extracting(CorpusFiles.File::name)
                .containsExactly("2026/a.txt", "2027/b.txt");
        assertThat(files("{x,y}").files())
                .extracting(CorpusFiles.File::name)
                .containsExactly("x/2026/a.txt", "x/2027/b.txt", "y/c.txt");
        assertThat(files("y/c.txt").files()).extracting(CorpusFiles.File::name).containsExactly("c.txt");
        assertThat(files("x/202[67]").files())
                .extracting(CorpusFiles.File::name)
                .containsExactly("2026/a.txt", "2027/b.txt");
    }

    @Test
    void keepsNamesWhereTheCorpusIsMoved() throws IOException {
        write("here/a/b.txt", "1");
        write("there/a/b.txt", "1");

        assertThat(files("here").files().get(0).name())
                .isEqualTo(files("there").files().get(0).name());
    }

    @Test
    void refusesAPathThatMatchesNoFile() throws IOException {
        Files.createDirectories(directory.resolve("empty"));
        write("hidden/_SUCCESS", "");

        for (String path : new String[] {"nowhere", "*.txt", "empty", "hidden"}) {
            assertThatThrownBy(() -> files(path))
                    .isInstanceOfSatisfying(
                            StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BAD_INPUT))
                    .hasMessage("corpus.sources.3.path matches no file: file:" + directory + "/" + path);
        }
    }

    private CorpusFiles files(String path) {
        return CorpusFiles.of(
                storage,
                Sources.text(path.isEmpty() ? directory.toString() : directory + "/" + path),
                "corpus.sources.3");
    }

    private void write(String name, String content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
