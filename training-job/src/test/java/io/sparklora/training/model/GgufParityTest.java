package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.training.lora.LoraLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Families read from GGUF, in fp32 against transformers in fp32, on the tiny models of {@code interop/gguf_goldens.py}. */
final class GgufParityTest {
    private static final String SUFFIX = ".gguf";

    /** As in the generator. */
    private static final int[] POSITIONS = {0, 1, 9, 23, 24, 47};

    private static final int LENGTH = 24;

    @TempDir
    private Path scratch;

    static List<String> models() {
        try (Stream<Path> files = Files.list(directory())) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path directory() {
        try {
            return Path.of(GgufParityTest.class.getResource("gguf").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void logitsAreTransformers(String name) {
        try (SafetensorsFile golden = SafetensorsFile.open(directory().resolve(name + ".safetensors"));
                BaseModel model = BaseModel.open(directory().resolve(name + SUFFIX));
                TorchScriptProgram program = TorchScriptProgram.open(
                        model,
                        scratch,
                        WeightType.FP32,
                        LoraLayout.uniform(model.shape(), 2, 1, List.of("all-linear")),
                        new Placement(Device.cpu(), ComputeType.FP32, 1))) {
            int[] ids = golden.ints("ids");
            MicroBatch batch = new MicroBatch(2, LENGTH, ids, ids.clone(), new int[][] {{LENGTH}, {LENGTH}});
            batch.labels()[0] = MicroBatch.IGNORED;
            batch.labels()[LENGTH] = MicroBatch.IGNORED;

            double distance =
                    Distances.relative(program.logits(batch, POSITIONS, Branches.BASE), golden.floats("logits"));

            System.out.printf("%s logits: relative L2 distance %.1e%n", name, distance);
            assertThat(distance).as(name).isLessThan(1e-5);
        }
    }
}
