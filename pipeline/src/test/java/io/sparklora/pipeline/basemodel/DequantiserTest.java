package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DequantiserTest {
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F32", "F16", "BF16"})
    void decodesBlocksAsTheReferenceDoesToTheBit(ElementType type) {
        JsonNode reference = GoldenData.json("dequant_blocks.json").get(type.name());
        byte[] blocks = HexFormat.of().parseHex(reference.get("bytes_hex").textValue());
        float[] values = new float[blocks.length / type.blockBytes() * type.blockElements()];
        Dequantiser.decode(type, blocks, 0, values.length, values, 0);
        assertThat(hex(values)).isEqualTo(reference.get("f32le_hex").textValue());
    }

    private static String hex(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return HexFormat.of().formatHex(bytes.array());
    }

    /** Every half but NaNs, against exact arithmetic on its fields. */
    @Test
    void decodesEveryHalf() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            int exponent = bits >> 10 & 31;
            double fraction = (bits & 1023) / 1024.0;
            double magnitude = exponent == 0 ? fraction * 0x1p-14 : (1 + fraction) * Math.pow(2, exponent - 15);
            double expected = exponent < 31 ? magnitude : fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            byte[] bytes = {(byte) bits, (byte) (bits >> 8)};
            float decoded = Dequantiser.half(bytes, 0);
            assertThat(Float.floatToIntBits(decoded)).as("half %04x", bits).isEqualTo(Float.floatToIntBits((float)
                    (bits < 0x8000 ? expected : -expected)));
        }
    }

    @Test
    void decodesPlainTypes() {
        byte[] bytes = {0, 0, (byte) 0x80, (byte) 0xBF, 0, 0x3C, 0x40, 0x40};
        float[] values = new float[4];
        Dequantiser.decode(ElementType.F32, bytes, 0, 1, values, 0);
        Dequantiser.decode(ElementType.F16, bytes, 4, 1, values, 1);
        Dequantiser.decode(ElementType.BF16, bytes, 6, 1, values, 2);
        assertThat(values).containsExactly(-1f, 1f, 3f, 0f);
    }
}
