package io.sparklora.dataprep.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinySentencePiece;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A SentencePiece vocabulary, turned into merges and run by the library, against SentencePiece's own rule. */
class SentencePieceTokenizerTest {
    private static final String SPACE = "\u2581";
    private static final int FIRST_PIECE = 259;

    @Test
    void joinsTheBestScoringPairAsSentencePieceDoes(@TempDir Path directory) throws IOException {
        Random random = new Random(11);
        List<String> pieces = pieces(random);
        List<Float> scores = new ArrayList<>();
        pieces.forEach(piece -> scores.add((float) -scores.size()));
        Path file = directory.resolve("tiny.gguf");
        Files.write(file, TinySentencePiece.gguf(pieces, scores).build());
        try (BaseModel model = BaseModel.open(file);
                HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                        new ByteArrayInputStream(model.tokenizerJson().getBytes(StandardCharsets.UTF_8)), Map.of())) {
            for (int trial = 0; trial < 200; trial++) {
                String text = text(random);
                long[] ids = tokenizer.encode(text, false, false).getIds();
                assertThat(ids).as(text).isEqualTo(naive(text, pieces));
                assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
            }
        }
    }

    /** Five letters and the space, then pieces each joined from two before it, best score first. */
    private static List<String> pieces(Random random) {
        List<String> pieces = new ArrayList<>(List.of(SPACE, "a", "b", "c", "d", "e"));
        while (pieces.size() < 46) {
            String joined = pieces.get(random.nextInt(pieces.size())) + pieces.get(random.nextInt(pieces.size()));
            if (!pieces.contains(joined)) {
                pieces.add(joined);
            }
        }
        return pieces;
    }

    private static String text(Random random) {
        String alphabet = "abcde abcde \u00e9\u4e16";
        return random.ints(1 + random.nextInt(30), 0, alphabet.length())
                .mapToObj(i -> alphabet.substring(i, i + 1))
                .collect(Collectors.joining());
    }

    /** Joins, again and again, the neighbours whose join scores best, the leftmost first; what is left falls to bytes. */
    private static long[] naive(String text, List<String> pieces) {
        List<String> symbols = new ArrayList<>((SPACE + text.replace(" ", SPACE))
                .codePoints()
                .mapToObj(Character::toString)
                .toList());
        for (int best = best(symbols, pieces); best >= 0; best = best(symbols, pieces)) {
            symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
        }
        return symbols.stream()
                .flatMapToLong(symbol ->
                        pieces.contains(symbol) ? LongStream.of(FIRST_PIECE + pieces.indexOf(symbol)) : bytes(symbol))
                .toArray();
    }

    private static LongStream bytes(String symbol) {
        byte[] utf8 = symbol.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, utf8.length).mapToLong(i -> 3 + (utf8[i] & 0xFF));
    }

    /** Where the best join starts, or -1; a piece's score falls with its index. */
    private static int best(List<String> symbols, List<String> pieces) {
        int best = -1;
        int bestPiece = Integer.MAX_VALUE;
        for (int i = 0; i + 1 < symbols.size(); i++) {
            int piece = pieces.indexOf(symbols.get(i) + symbols.get(i + 1));
            if (piece >= 0 && piece < bestPiece) {
                best = i;
                bestPiece = piece;
            }
        }
        return best;
    }
}
