package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * SentencePiece's BPE as Hugging Face's: a vocabulary with scores has no list of merges, but joins the pair whose result
 * scores best, so that every way to split a token is a merge, best score first.
 */
final class SentencePieceBpe {
    private static final String SPACE = "\u2581";
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private record Merge(String left, String right, int leftId, int rightId, double score) {}

    private SentencePieceBpe() {}

    /** Adds normalizer, decoder and model to a {@code tokenizer.json}. */
    static void describe(GgufVocabulary vocabulary, ObjectNode json) {
        boolean prefix =
                vocabulary.metadata().flag("tokenizer.ggml.add_space_prefix").orElse(true);
        json.set("normalizer", normalizer(prefix));
        json.putNull("pre_tokenizer");
        json.putNull("post_processor");
        json.set("decoder", decoder(prefix));
        ObjectNode model = GgufTokenizer.model(vocabulary, merges(vocabulary));
        vocabulary.unknownToken().ifPresent(token -> model.put("unk_token", token));
        json.set("model", model.put("fuse_unk", true).put("byte_fallback", true));
    }

    private static ObjectNode normalizer(boolean prefix) {
        ObjectNode replace = NODES.objectNode().put("type", "Replace");
        replace.putObject("pattern").put("String", " ");
        replace.put("content", SPACE);
        if (!prefix) {
            return replace;
        }
        ObjectNode sequence = NODES.objectNode().put("type", "Sequence");
        sequence.putArray("normalizers")
                .add(NODES.objectNode().put("type", "Prepend").put("prepend", SPACE))
                .add(replace);
        return sequence;
    }

    private static ObjectNode decoder(boolean prefix) {
        ObjectNode replace = NODES.objectNode().put("type", "Replace");
        replace.putObject("pattern").put("String", SPACE);
        replace.put("content", " ");
        ObjectNode sequence = NODES.objectNode().put("type", "Sequence");
        var decoders = sequence.putArray("decoders")
                .add(replace)
                .add(NODES.objectNode().put("type", "ByteFallback"))
                .add(NODES.objectNode().put("type", "Fuse"));
        if (prefix) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        return sequence;
    }

    /** Every split of a normal token into two tokens; best score first, then by token id, then by the halves' ids. */
    private static List<List<String>> merges(GgufVocabulary vocabulary) {
        double[] scores = vocabulary.scores();
        List<Merge> merges = new ArrayList<>();
        vocabulary.ids().forEach((token, id) -> {
            if (vocabulary.types().get(id) == GgufVocabulary.TokenType.NORMAL) {
                splits(token, scores[id], vocabulary.ids()).forEach(merges::add);
            }
        });
        // A list's sort is stable, so that equal scores stay in the order of ids.
        merges.sort(Comparator.comparingDouble(Merge::score).reversed());
        return merges.stream()
                .map(merge -> List.of(merge.left(), merge.right()))
                .toList();
    }

    private static Stream<Merge> splits(String token, double score, Map<String, Integer> ids) {
        List<Merge> splits = new ArrayList<>();
        for (int at = token.offsetByCodePoints(0, Math.min(1, token.length()));
                at < token.length();
                at = token.offsetByCodePoints(at, 1)) {
            @Nullable Integer left = ids.get(token.substring(0, at));
            @Nullable Integer right = ids.get(token.substring(at));
            if (left != null && right != null) {
                splits.add(new Merge(token.substring(0, at), token.substring(at), left, right, score));
            }
        }
        return splits.stream().sorted(Comparator.comparingInt(Merge::leftId).thenComparingInt(Merge::rightId));
    }
}
