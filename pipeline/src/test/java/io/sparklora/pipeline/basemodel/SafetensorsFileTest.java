package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsFileTest {
    private static final String F32_OF_2 = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    private static byte[] file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        GgufBytes.Bytes bytes = new GgufBytes.Bytes().int64(json.length).raw(json);
        return bytes.padTo(bytes.size() + dataBytes).bytes();
    }

    private static Arguments refused(String message, String header, int dataBytes) {
        return arguments(message, file(header, dataBytes));
    }

    /** One tensor a with these fields and 8 bytes of data. */
    private static Arguments tensor(String message, String fields) {
        return refused(message, "{\"a\":{" + fields + "}}", 8);
    }

    static Stream<Arguments> malformed() {
        byte[] longHeader = new GgufBytes.Bytes().int64(1L << 40).padTo(64).bytes();
        byte[] negativeHeader = new GgufBytes.Bytes().int64(-1).padTo(64).bytes();
        return Stream.of(
                arguments("ends at byte 3 but must reach byte 8: it is truncated", new byte[3]),
                arguments("the header's length is 1099511627776 bytes but must be in [2, 56]", longHeader),
                arguments("the header's length is 18446744073709551615 bytes but must be in [2, 56]", negativeHeader),
                refused("this is no valid JSON at line 1", "{\"a\":", 0),
                refused(
                        "this is no valid JSON at line 1: Duplicate field 'a'",
                        "{" + F32_OF_2 + "," + F32_OF_2 + "}",
                        8),
                refused("this is no valid JSON at line 1", "{}{}", 0),
                refused("this is no valid JSON", "{\"a\":" + "[".repeat(5000), 0),
                refused("this must be a JSON object but is [1]", "[1]", 0),
                refused("__metadata__ must be an object but is 1", "{\"__metadata__\":1}", 0),
                refused("__metadata__ key 'k' must be a string but is 1", "{\"__metadata__\":{\"k\":1}}", 0),
                refused("tensor a has no ", "{\"a\":1}", 0),
                tensor("tensor a has no shape", "\"dtype\":\"F32\",\"data_offsets\":[0,8]"),
                tensor(
                        "tensor a must have the fields [data_offsets, dtype, shape] only",
                        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1"),
                tensor(
                        "tensor a is of dtype \"F8_E4M3\", which is not read; read are [F64, F32,",
                        "\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]"),
                tensor("tensor a is of dtype 5, which", "\"dtype\":5,\"shape\":[8],\"data_offsets\":[0,8]"),
                tensor(
                        "tensor a of dtype F32 and shape [3] cannot fill the 8 bytes that its data_offsets give it",
                        "\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]"),
                tensor(
                        "shape [4611686018427387904, 4611686018427387904] cannot fill",
                        "\"dtype\":\"F32\",\"shape\":[4611686018427387904,4611686018427387904],\"data_offsets\":[0,8]"),
                tensor(
                        "tensor a has shape [-2], which must be whole numbers",
                        "\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]"),
                tensor(
                        "tensor a has shape [2.0], which must be whole numbers",
                        "\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]"),
                tensor(
                        "tensor a has shape [99999999999999999999], which must be",
                        "\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]"),
                tensor(
                        "tensor a has data_offsets [8, 0], which must be a start and an end within the 8 bytes of data",
                        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]"),
                tensor("tensor a has data_offsets [8, 16]", "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]"),
                tensor("tensor a has data_offsets [0]", "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]"),
                tensor("tensor a has data_offsets \"x\"", "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":\"x\""),
                tensor(
                        "there must be no hole and no overlap",
                        "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]"),
                tensor("tensors end at byte", "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"),
                refused(
                        "there must be no hole and no overlap",
                        "{" + F32_OF_2 + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
                        12));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void refusesInOneLine(String message, byte[] bytes) {
        assertThatThrownBy(() -> SafetensorsFile.parse(bytes, "a.safetensors"))
                .isInstanceOf(InvalidBaseModelException.class)
                .message()
                .startsWith("a.safetensors: ")
                .contains(message)
                .hasLineCount(1);
    }

    private static byte[] wellFormed() {
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            new SafetensorsWriter()
                    .metadata("format", "pt")
                    .add("weights", List.of(2L, 3L), new float[] {1, -2, 3, Float.NaN, 0, 1e30f})
                    .add("step", List.of(), new long[] {Long.MIN_VALUE})
                    .add("ids", List.of(1L, 2L), new int[] {7, -7})
                    .add("empty", List.of(0L, 4L), new float[0])
                    .writeTo(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void readsWhatTheWriterWrote() {
        try (SafetensorsFile file = SafetensorsFile.parse(wellFormed(), "a.safetensors")) {
            assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(file.tensors().stream().map(SafetensorsTensor::name))
                    .containsExactlyInAnyOrder("weights", "step", "ids", "empty");
            assertThat(file.tensor("weights").shape()).containsExactly(2L, 3L);
            assertThat(file.floats("weights")).containsExactly(1, -2, 3, Float.NaN, 0, 1e30f);
            assertThat(file.longs("step")).containsExactly(Long.MIN_VALUE);
            assertThat(file.ints("ids")).containsExactly(7, -7);
            assertThat(file.floats("empty")).isEmpty();
            float[] middle = new float[2];
            file.read("weights", 1, 2, middle);
            assertThat(middle).containsExactly(-2, 3);
        }
    }

    @Test
    void readsBeyondTwoGigabytes(@TempDir Path directory) throws IOException {
        long hole = (1L << 31) + 8;
        byte[] head = file(
                "{\"hole\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},".formatted(hole, hole)
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}}".formatted(hole, hole + 8),
                0);
        Path sparse = directory.resolve("sparse.safetensors");
        try (FileChannel channel = FileChannel.open(
                sparse, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(head));
            ByteBuffer values = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            values.putFloat(0, 1.5f).putFloat(4, -2.5f);
            channel.write(values, head.length + hole);
        }
        try (SafetensorsFile file = SafetensorsFile.open(sparse)) {
            assertThat(file.floats("a")).containsExactly(1.5f, -2.5f);
        }
    }

    @Test
    void refusesMissingTensorsAndOtherTypes() {
        try (SafetensorsFile file = SafetensorsFile.parse(wellFormed(), "a.safetensors")) {
            assertThatThrownBy(() -> file.floats("none"))
                    .isInstanceOf(InvalidBaseModelException.class)
                    .hasMessage("a.safetensors: tensor none is missing");
            assertThatThrownBy(() -> file.floats("step"))
                    .isInstanceOf(InvalidBaseModelException.class)
                    .hasMessage("a.safetensors: tensor step is I64 but must be F32, F16 or BF16");
            assertThatThrownBy(() -> file.ints("weights"))
                    .isInstanceOf(InvalidBaseModelException.class)
                    .hasMessage("a.safetensors: tensor weights is F32 but must be I32");
        }
    }

    @Test
    void refusesEveryTruncation() {
        byte[] whole = wellFormed();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> SafetensorsFile.parse(cut, "a.safetensors"))
                    .as("%d bytes", length)
                    .isInstanceOf(InvalidBaseModelException.class);
        }
    }

    @Test
    void readsOrRefusesWhateverBytesAreFlipped() {
        byte[] whole = wellFormed();
        Random random = new Random(5);
        int refused = 0;
        for (int trial = 0; trial < 3000; trial++) {
            byte[] flipped = whole.clone();
            flipped[random.nextInt(flipped.length)] = (byte) random.nextInt();
            try (SafetensorsFile file = SafetensorsFile.parse(flipped, "a.safetensors")) {
                file.tensors().forEach(tensor -> assertThat(tensor.byteLength()).isLessThan(whole.length));
            } catch (InvalidBaseModelException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1000);
    }
}
