package io.sparklora.training.generation;

import java.util.Arrays;
import java.util.function.Function;

/**
 * Text out of tokens as they come. A token may hold a part of a character, and a decoder may treat a text's first token
 * otherwise than the same token inside it, so tokens are decoded together with those before them, and text is held back
 * while it ends in the replacement character. Not thread-safe.
 */
public final class TextStream {
    private static final char REPLACEMENT = '\uFFFD';
    /** A character has at most four bytes; what stays broken for longer is not going to become one. */
    private static final int MOST_TOKENS_HELD = 8;

    private final Function<int[], String> decoder;
    private int[] window = new int[0];
    private int shown;

    /** @param decoder text of token ids, bytes that are no UTF-8 as U+FFFD */
    public TextStream(Function<int[], String> decoder) {
        this.decoder = decoder;
    }

    /** Takes tokens whose text is not wanted again, such as the prompt's. */
    public void skip(int[] tokens) {
        window = tokens.clone();
        shown = tokens.length;
    }

    /** The text that a further token completes, maybe none. */
    public String add(int token) {
        window = Arrays.copyOf(window, window.length + 1);
        window[window.length - 1] = token;
        String more = held();
        boolean incomplete = more.isEmpty() || more.charAt(more.length() - 1) == REPLACEMENT;
        if (incomplete && window.length - shown < MOST_TOKENS_HELD) {
            return "";
        }
        // The tokens just shown stay as the context of the next.
        window = Arrays.copyOfRange(window, shown, window.length);
        shown = window.length;
        return more;
    }

    /** The text held back, with a replacement character for what is no whole one. */
    public String finish() {
        String more = held();
        shown = window.length;
        return more;
    }

    private String held() {
        String before = decoder.apply(Arrays.copyOf(window, shown));
        String all = decoder.apply(window);
        return all.length() > before.length() ? all.substring(before.length()) : "";
    }
}
