package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantiserTest {
    /** Written by interop/merge_goldens.py with the gguf package's quantiser. */
    @Test
    void writesQ80AsTheReferenceDoesToTheBit() throws IOException {
        JsonNode golden = golden();
        FloatBuffer floats = ByteBuffer.wrap(
                        HexFormat.of().parseHex(golden.get("f32le_hex").textValue()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        double[] values = new double[floats.remaining()];
        for (int i = 0; i < values.length; i++) {
            values[i] = floats.get(i);
        }
        byte[] blocks = new byte[(int) ElementType.Q8_0.bytesOf(values.length)];
        Quantiser.encode(ElementType.Q8_0, values, 0, values.length, blocks, 0);
        assertThat(HexFormat.of().formatHex(blocks))
                .isEqualTo(golden.get("q8_0_hex").textValue());
    }

    private static JsonNode golden() throws IOException {
        try (InputStream json = Objects.requireNonNull(QuantiserTest.class.getResourceAsStream("quantised.json"))) {
            return new ObjectMapper().readTree(json);
        }
    }

    /** What is stored comes back, whatever its bits: every half and every bfloat16 that is a number. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void keepsWhatTheTypeHolds(ElementType type) {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = decoded(type, bits);
            if (Float.isFinite(value)) {
                assertThat(encoded(type, value)).as("%s %04x", type, bits).isEqualTo(bits);
            }
        }
    }

    /** Against the numbers on either side, in exact arithmetic: binary64 holds their differences. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void roundsToTheNearestAndTiesToEven(ElementType type) {
        Random random = new Random(3);
        int finite = type == ElementType.F16 ? 0x7BFF : 0x7F7F;
        for (int i = 0; i < 20_000; i++) {
            int below = random.nextInt(finite);
            double low = decoded(type, below);
            double high = decoded(type, below + 1);
            double middle = low + (high - low) / 2;
            int even = (below & 1) == 0 ? below : below + 1;
            assertThat(encoded(type, middle)).as("half-way from %s", low).isEqualTo(even);
            assertThat(encoded(type, -middle)).isEqualTo(even | 0x8000);
            assertThat(encoded(type, Math.nextDown(middle))).isEqualTo(below);
            assertThat(encoded(type, Math.nextUp(middle))).isEqualTo(below + 1);
        }
    }

    @Test
    void refusesWhatATypeCannotHold() {
        assertThatThrownBy(() -> encoded(ElementType.F16, -65_520))
                .hasMessage("-65520.0 cannot be stored as F16, whose values are in [-65504.0, 65504.0]");
        assertThat(encoded(ElementType.F16, 65_519)).isEqualTo(0x7BFF);
        assertThatThrownBy(() -> encoded(ElementType.BF16, 3.4e38)).hasMessageContaining("cannot be stored as BF16");
        assertThatThrownBy(() -> encoded(ElementType.F32, 3.5e38)).hasMessageContaining("cannot be stored as F32");
        for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F16, ElementType.BF16}) {
            assertThatThrownBy(() -> encoded(type, Double.NaN)).hasMessageContaining("NaN cannot be stored as");
        }
        assertThatThrownBy(() -> encoded(ElementType.Q4_1, 1)).hasMessage("Q4_1 is not written");
    }

    private static int encoded(ElementType type, double value) {
        byte[] bytes = new byte[type.blockBytes()];
        Quantiser.encode(type, new double[] {value}, 0, 1, bytes, 0);
        return bytes[0] & 0xFF | (bytes[1] & 0xFF) << 8;
    }

    private static float decoded(ElementType type, int bits) {
        float[] value = new float[1];
        Dequantiser.decode(type, new byte[] {(byte) bits, (byte) (bits >> 8)}, 0, 1, value, 0);
        return value[0];
    }
}
