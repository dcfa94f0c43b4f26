package io.sparklora.dataprep.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The base model's tokenizer as a broadcast value: what travels is its JSON, and the first task of each executor's JVM
 * builds the native tokenizer, which all tasks there share and which lives as long as the JVM. Thread-safe.
 */
public final class SharedTokenizer implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Pieces whose ids are remembered: some tens of megabytes, and most of what a text is made of. */
    private static final int MOST_PIECES = 1 << 17;
    /** Characters; longer pieces seldom recur. */
    private static final int LONGEST_PIECE = 32;

    private final String json;
    private final boolean hasPieces;
    private final ConcurrentHashMap<String, int[]> idsOfPieces = new ConcurrentHashMap<>();
    private transient @Nullable HuggingFaceTokenizer tokenizer;

    /** @param vocabulary what no text can spell a special token in */
    public SharedTokenizer(SealedVocabulary vocabulary) {
        this.json = vocabulary.json();
        this.hasPieces = vocabulary.hasIndependentPieces();
    }

    /** The ids of a text from outside: none of them is special. */
    public int[] ids(String text) {
        String cleaned = SealedVocabulary.cleaned(text);
        return hasPieces ? idsByPieces(cleaned) : compute(cleaned);
    }

    /** The same ids as of the whole text, several times faster: most pieces were seen before. */
    private int[] idsByPieces(String text) {
        int[] ids = new int[text.length() / 2 + 1];
        int count = 0;
        int start = 0;
        while (start < text.length()) {
            int end = Pieces.end(text, start);
            int[] ofPiece = idsOfPiece(text.substring(start, end));
            if (count + ofPiece.length > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(2 * ids.length, count + ofPiece.length));
            }
            System.arraycopy(ofPiece, 0, ids, count, ofPiece.length);
            count += ofPiece.length;
            start = end;
        }
        return Arrays.copyOf(ids, count);
    }

    private int[] idsOfPiece(String piece) {
        int[] known = piece.length() > LONGEST_PIECE ? null : idsOfPieces.get(piece);
        if (known != null) {
            return known;
        }
        int[] computed = compute(piece);
        if (piece.length() <= LONGEST_PIECE && idsOfPieces.mappingCount() < MOST_PIECES) {
            idsOfPieces.put(piece, computed);
        }
        return computed;
    }

    private int[] compute(String text) {
        // Encoding would also fetch every token's string, place and masks, which takes longer than tokenising.
        long encoding = TokenizersLibrary.LIB.encode(tokenizer().getHandle(), text, false);
        try {
            return narrowed(TokenizersLibrary.LIB.getTokenIds(encoding));
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    /**
     * Tokens with their places.
     *
     * @param ids the tokens
     * @param starts where in the text each begins, in code points
     */
    public record Tokens(int[] ids, int[] starts) {}

    /** The tokens of a text that {@link SealedVocabulary#sealed} gave. */
    public Tokens encode(String sealed) {
        Encoding encoding = tokenizer().encode(sealed, false, false);
        int[] starts = Arrays.stream(encoding.getCharTokenSpans())
                .mapToInt(CharSpan::getStart)
                .toArray();
        return new Tokens(narrowed(encoding.getIds()), starts);
    }

    private static int[] narrowed(long[] ids) {
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }

    private synchronized HuggingFaceTokenizer tokenizer() {
        HuggingFaceTokenizer built = tokenizer;
        if (built == null) {
            built = build(json);
            tokenizer = built;
        }
        return built;
    }

    private static HuggingFaceTokenizer build(String json) {
        // Without this the library reports its use over the network.
        System.setProperty("ai.djl.offline", "true");
        // The library would cut texts at 512 tokens by default.
        Map<String, String> plain = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), plain);
        } catch (IOException e) {
            throw new UncheckedIOException("the base model's tokenizer can't be built", e);
        }
    }
}
