package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A byte-level BPE vocabulary of 300: three special tokens (end of text, start and end of a turn), the 256 bytes, and
 * 41 frequent pairs of English. Any text round-trips through it.
 */
final class TinyTokenizer {
    static final List<String> SPECIAL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    static final String CHAT_TEMPLATE = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' +"
            + " message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
    private static final List<String> PAIRS = List.of(
            "Ġ t", "h e", "i n", "a n", "r e", "o n", "e r", "Ġ a", "Ġt he", "o r", "e n", "i s", "a t", "e s", "Ġ o",
            "i t", "Ġ w", "a r", "a l", "Ġ c", "Ġ s", "Ġ p", "n d", "Ġ f", "i c", "Ġo f", "e d", "Ġa nd", "Ġ in",
            "Ġt o", "in g", "Ġ b", "Ġ d", "o u", "Ġ m", "l e", "r o", "i on", "i v", "en t", "Ġ l");

    private TinyTokenizer() {}

    static List<String> merges() {
        return PAIRS;
    }

    static List<String> tokens() {
        List<String> tokens = new ArrayList<>(SPECIAL);
        tokens.addAll(byteAlphabet());
        PAIRS.forEach(pair -> tokens.add(pair.replace(" ", "")));
        return List.copyOf(tokens);
    }

    /** GPT-2's printable stand-ins for the 256 bytes, in its order: printable Latin-1 as itself, the others from U+0100. */
    private static List<String> byteAlphabet() {
        List<String> printable = new ArrayList<>();
        List<String> shifted = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            boolean itself = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
            if (itself) {
                printable.add(Character.toString(b));
            } else {
                shifted.add(Character.toString(256 + shifted.size()));
            }
        }
        printable.addAll(shifted);
        return printable;
    }

    static Map<String, Object> json() {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        List<Map<String, Object>> added = new ArrayList<>();
        for (String token : tokens()) {
            vocabulary.put(token, vocabulary.size());
        }
        for (String token : SPECIAL) {
            added.add(Map.of(
                    "id",
                    vocabulary.get(token),
                    "content",
                    token,
                    "single_word",
                    false,
                    "lstrip",
                    false,
                    "rstrip",
                    false,
                    "normalized",
                    false,
                    "special",
                    true));
        }
        Map<String, Object> byteLevel =
                Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", true);
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("vocab", vocabulary);
        model.put(
                "merges",
                PAIRS.stream().map(pair -> List.of(pair.split(" ", -1))).toList());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("added_tokens", added);
        json.put("pre_tokenizer", byteLevel);
        json.put("decoder", byteLevel);
        json.put("model", model);
        return json;
    }
}
