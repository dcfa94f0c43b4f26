package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SafetensorsWriterTest {
    @Test
    void writesTheBytesThatPeftWroteOfTheSameTensors() throws IOException {
        Path golden = GoldenData.file("adapter_model.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsFile file = SafetensorsFile.open(golden)) {
            file.metadata().forEach(writer::metadata);
            file.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.shape(), file.floats(tensor.name())));
        }
        assertThat(bytes(writer)).isEqualTo(Files.readAllBytes(golden));
    }

    @Test
    void writesTheSameBytesInWhateverOrderTensorsCome() throws IOException {
        byte[] forwards = bytes(new SafetensorsWriter()
                .metadata("format", "pt")
                .metadata("made", "here")
                .add("a", List.of(3L), new float[] {1, 2, 3})
                .add("b", List.of(1L), new long[] {3}));
        byte[] backwards = bytes(new SafetensorsWriter()
                .add("b", List.of(1L), new long[] {3})
                .add("a", List.of(3L), new float[] {1, 2, 3})
                .metadata("made", "here")
                .metadata("format", "pt"));
        assertThat(forwards).isEqualTo(backwards);
    }

    @Test
    void alignsEveryTensorToItsElements() throws IOException {
        byte[] bytes = bytes(new SafetensorsWriter()
                .add("a", List.of(3L), new float[3])
                .add("b", List.of(1L), new long[1])
                .add("c", List.of(1L), new int[1])
                .add("d", List.of(1L), new long[1]));
        try (SafetensorsFile file = SafetensorsFile.parse(bytes, "aligned")) {
            assertThat(file.tensors().stream().map(SafetensorsTensor::name)).containsExactly("b", "d", "a", "c");
            assertThat(file.tensors())
                    .allSatisfy(tensor ->
                            assertThat(tensor.offset() % tensor.type().bytes()).isZero());
        }
    }

    @Test
    void writesOnlyWhatRemainsOfABuffer() throws IOException {
        FloatBuffer buffer = FloatBuffer.wrap(new float[100_000]).position(10);
        buffer.put(10, 5f);
        byte[] bytes = bytes(new SafetensorsWriter().add("a", List.of(99_990L), buffer));
        try (SafetensorsFile file = SafetensorsFile.parse(bytes, "sliced")) {
            assertThat(file.floats("a")).hasSize(99_990).startsWith(5f).endsWith(0f);
        }
        assertThat(buffer.position()).isEqualTo(10);
    }

    @Test
    void refusesNamesTwiceAndShapesThatDoNotFit() {
        SafetensorsWriter writer = new SafetensorsWriter().add("a", List.of(1L), new float[1]);
        assertThatThrownBy(() -> writer.add("a", List.of(1L), new float[1])).hasMessage("tensor a is given twice");
        assertThatThrownBy(() -> writer.add("b", List.of(2L, 2L), new float[3]))
                .hasMessage("tensor b of shape [2, 2] was given 3 values");
        assertThatThrownBy(() -> writer.add("__metadata__", List.of(1L), new float[1]))
                .hasMessage("a tensor must not be called __metadata__");
    }

    private static byte[] bytes(SafetensorsWriter writer) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.writeTo(out);
        return out.toByteArray();
    }
}
