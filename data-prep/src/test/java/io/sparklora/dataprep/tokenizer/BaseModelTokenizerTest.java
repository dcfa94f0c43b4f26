package io.sparklora.dataprep.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.GoldenData;
import io.sparklora.pipeline.basemodel.TinyModels;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tokenizer that a base model gives, run by the library that data preparation uses, against reference ids. */
class BaseModelTokenizerTest {
    private static HuggingFaceTokenizer smolLm2;

    @BeforeAll
    static void open() throws IOException {
        smolLm2 = tokenizer(GoldenData.baseModel());
    }

    @AfterAll
    static void close() {
        smolLm2.close();
    }

    private static HuggingFaceTokenizer tokenizer(Path path) throws IOException {
        try (BaseModel model = BaseModel.open(path)) {
            byte[] json = model.tokenizerJson().getBytes(StandardCharsets.UTF_8);
            return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), Map.of());
        }
    }

    @Test
    void givesTheReferenceIdsOfTexts() {
        assertGivesReferenceIds(GoldenData.tokenizedTexts("tokenizer_cases.json"));
    }

    @Test
    void givesTheReferenceIdsOfChats() {
        assertGivesReferenceIds(GoldenData.tokenizedTexts("chat.json"));
    }

    private static void assertGivesReferenceIds(List<GoldenData.TokenizedText> texts) {
        assertThat(texts).isNotEmpty().allSatisfy(each -> assertThat(
                        smolLm2.encode(each.text(), false, false).getIds())
                .as(each.text())
                .containsExactly(each.ids().toArray(Long[]::new)));
    }

    @Test
    void givesTheSameIdsFromGgufAsFromADirectory(@TempDir Path directory) throws IOException {
        String text = "The licence of the thing \u00e9\u4e16 <|im_end|> is 42.";
        try (HuggingFaceTokenizer hub = tokenizer(TinyModels.huggingFaceDirectory(directory.resolve("hub"), 1));
                HuggingFaceTokenizer gguf = tokenizer(TinyModels.gguf(directory.resolve("tiny.gguf"), 1))) {
            long[] ids = hub.encode(text, false, false).getIds();
            assertThat(gguf.encode(text, false, false).getIds()).isEqualTo(ids).contains(2);
            assertThat(hub.decode(ids, false)).isEqualTo(text);
        }
    }
}
