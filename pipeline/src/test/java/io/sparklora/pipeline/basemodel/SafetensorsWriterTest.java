package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class SafetensorsWriterTest {
    @Test
    void writesTheSameBytesInWhateverOrderTensorsCome() throws IOException {
        byte[] forwards = bytes(new SafetensorsWriter()
                .add("a", List.of(2L), new float[] {1, 2})
                .add("b", List.of(1L), new long[] {3}));
        byte[] backwards = bytes(
                new SafetensorsWriter().add("b", List.of(1L), new long[] {3}).add("a", List.of(2L), new float[] {1, 2
                }));
        assertThat(forwards).isEqualTo(backwards);
    }

    private static byte[] bytes(SafetensorsWriter writer) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.writeTo(out);
        return out.toByteArray();
    }
}
