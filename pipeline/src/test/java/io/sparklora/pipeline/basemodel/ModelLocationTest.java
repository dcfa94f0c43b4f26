package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLocationTest {
    @TempDir
    Path directory;

    private final Configuration hadoop = new Configuration(false);
    private Path cache;

    /** A file system of another scheme than file, as a cluster's store is; its paths are local ones. */
    public static final class Lake extends RawLocalFileSystem {
        @Override
        public URI getUri() {
            return URI.create("lake:///");
        }

        @Override
        public String getScheme() {
            return "lake";
        }
    }

    @BeforeEach
    void configure() {
        hadoop.setClass("fs.lake.impl", Lake.class, org.apache.hadoop.fs.FileSystem.class);
        hadoop.setBoolean("fs.lake.impl.disable.cache", true);
        cache = directory.resolve("cache");
    }

    private Path fetch(String location) {
        return ModelLocation.fetch(location, hadoop, cache);
    }

    @Test
    void takesALocalPathAsItIs() {
        Path model = directory.resolve("tiny.gguf");
        assertThat(fetch(model.toString())).isEqualTo(model);
        assertThat(fetch(model.toUri().toString())).isEqualTo(model);
        assertThat(fetch("models/tiny.gguf")).isEqualTo(Path.of("models/tiny.gguf"));
        assertThat(cache).doesNotExist();
    }

    @Test
    void copiesAFileOfAnotherFileSystemOnce() throws IOException {
        Path model = TinyModels.gguf(directory.resolve("tiny.gguf"), 1);
        Path first = fetch("lake://" + model);
        assertThat(first).startsWith(cache).hasFileName("tiny.gguf").hasSameBinaryContentAs(model);
        Files.writeString(first, "kept");
        assertThat(fetch("lake://" + model)).isEqualTo(first).hasContent("kept");
    }

    @Test
    void copiesADirectoryWhole() throws IOException {
        Path model = TinyModels.huggingFaceDirectory(directory.resolve("hub"), 1);
        Path copy = fetch("lake://" + model);
        try (BaseModel original = BaseModel.open(model);
                BaseModel copied = BaseModel.open(copy)) {
            assertThat(copied.contentHash()).isEqualTo(original.contentHash());
        }
        try (Stream<Path> left = Files.list(cache)) {
            assertThat(left).as("nothing is left aside").hasSize(1);
        }
    }

    @Test
    void copiesAgainWhatHasChanged() {
        Path model = TinyModels.gguf(directory.resolve("tiny.gguf"), 1);
        Path first = fetch("lake://" + model);
        TinyLlama.seeded(1).withLayers(1).writeGguf(model);
        assertThat(fetch("lake://" + model)).isNotEqualTo(first).hasSameBinaryContentAs(model);
    }

    @Test
    void refusesALocationWithNothingThere() {
        assertThatThrownBy(() -> fetch("lake:///none.gguf"))
                .isInstanceOf(InvalidBaseModelException.class)
                .hasMessage("lake:/none.gguf: there is no such file or directory");
        assertThat(cache).doesNotExist();
    }
}
