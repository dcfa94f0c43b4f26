package io.sparklora.dataprep.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import java.nio.file.Path;
import java.util.List;

/** The tiny model's byte-level tokenizer with a model family's special tokens. */
public final class TinyVocabulary {
    static final ObjectMapper JSON = new ObjectMapper();

    private TinyVocabulary() {}

    /** A {@code tokenizer.json}; {@code directory} takes the tiny model. */
    public static String json(Path directory, List<String> special) {
        try (BaseModel tiny = BaseModel.open(TinyModels.huggingFaceDirectory(directory, 1))) {
            ObjectNode tokenizer = (ObjectNode) JSON.readTree(tiny.tokenizerJson());
            ObjectNode vocabulary = (ObjectNode) tokenizer.path("model").path("vocab");
            // As GPT-2's and Llama 3's have it: it cuts white space off the places of tokens.
            tokenizer.set("post_processor", tokenizer.get("pre_tokenizer"));
            for (String token : special) {
                if (!vocabulary.has(token)) {
                    add(token, vocabulary, (ArrayNode) tokenizer.path("added_tokens"));
                }
            }
            return tokenizer.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void add(String token, ObjectNode vocabulary, ArrayNode added) {
        int id = vocabulary.size();
        vocabulary.put(token, id);
        ObjectNode entry = added.get(0).deepCopy();
        added.add(entry.put("id", id).put("content", token));
    }
}
