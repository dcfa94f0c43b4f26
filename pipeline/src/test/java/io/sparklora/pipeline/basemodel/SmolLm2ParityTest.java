package io.sparklora.pipeline.basemodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The real base model against what gguf-py and an independent converter read from the same file. */
class SmolLm2ParityTest {
    private static final int ROWS_AT_ONCE = 1000;

    private static BaseModel model;

    @BeforeAll
    static void open() {
        model = BaseModel.open(GoldenData.baseModel());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void readsEveryTensorToTheBit() throws NoSuchAlgorithmException {
        Map<String, String> expected = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry :
                GoldenData.json("base_tensor_sha256.json").properties()) {
            String shape = entry.getValue().get("shape").toString();
            expected.put(entry.getKey(), shape + entry.getValue().get("sha256").textValue());
        }
        Map<String, String> found = new TreeMap<>();
        for (BaseTensor tensor : model.tensors()) {
            boolean vector = tensor.name().endsWith("norm.weight");
            String shape = vector ? "[" + tensor.columns() + "]" : "[" + tensor.rows() + "," + tensor.columns() + "]";
            found.put(tensor.name(), shape + sha256(tensor));
        }
        assertThat(found).hasSize(272).isEqualTo(expected);
    }

    private static String sha256(BaseTensor tensor) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        float[] values = new float[ROWS_AT_ONCE * tensor.columns()];
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long row = 0; row < tensor.rows(); row += ROWS_AT_ONCE) {
            int rows = (int) Math.min(ROWS_AT_ONCE, tensor.rows() - row);
            model.read(tensor.name(), row, rows, values);
            bytes.asFloatBuffer().put(values, 0, rows * tensor.columns());
            digest.update(bytes.array(), 0, 4 * rows * tensor.columns());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    @Test
    void readsTheShape() {
        assertThat(model.shape())
                .isEqualTo(new DecoderShape(
                        "llama", 576, 1536, 30, 9, 3, 64, 49_152, 8192, 100_000, Optional.empty(), 1e-5, true));
    }

    @Test
    void readsTheSpecialTokens() {
        assertThat(model.specialTokens())
                .isEqualTo(new SpecialTokens(OptionalInt.of(1), false, List.of(0, 2), 0, OptionalInt.of(2)));
    }

    @Test
    void buildsTheReferenceTokenizer() throws JsonProcessingException {
        JsonNode built = new ObjectMapper().readTree(model.tokenizerJson());
        JsonNode expected = GoldenData.json("tokenizer.json");
        assertThat(((ArrayNode) built.at("/model/merges"))).isEqualTo(expected.at("/model/merges"));
        assertThat(built).isEqualTo(expected);
    }

    @Test
    void hashesTheWholeFile() {
        assertThat(model.contentHash()).hasToString("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
    }
}
