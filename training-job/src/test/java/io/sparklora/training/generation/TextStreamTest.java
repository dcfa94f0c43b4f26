package io.sparklora.training.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Tokens here are bytes, so that most characters need several. */
final class TextStreamTest {
    @Test
    void givesEachCharacterWhenItsLastByteCame() {
        TextStream stream = new TextStream(TextStreamTest::bytes);
        StringBuilder pieces = new StringBuilder();

        for (byte b : "aé€𝄞z".getBytes(StandardCharsets.UTF_8)) {
            pieces.append(stream.add(b)).append('|');
        }

        assertThat(pieces.append(stream.finish())).hasToString("a||é|||€||||𝄞|z|");
    }

    @Test
    void givesWhatNeverBecameACharacterAtTheEnd() {
        TextStream stream = new TextStream(TextStreamTest::bytes);

        assertThat(stream.add('a') + stream.add(0xE2) + stream.add(0x82)).isEqualTo("a");
        assertThat(stream.finish()).isEqualTo("\uFFFD");
        assertThat(stream.finish()).isEmpty();
    }

    @Test
    void doesNotWaitForeverForBrokenBytes() {
        TextStream stream = new TextStream(TextStreamTest::bytes);
        StringBuilder text = new StringBuilder();

        for (int i = 0; i < 20; i++) {
            text.append(stream.add(0xFF));
        }

        assertThat(text.length()).isGreaterThanOrEqualTo(12);
        assertThat(text.append(stream.finish())).hasToString("\uFFFD".repeat(20));
    }

    @Test
    void keepsTheSpaceThatADecoderStripsFromAFirstToken() {
        TextStream stream = new TextStream(TextStreamTest::words);

        assertThat(stream.add('a') + stream.add('b') + stream.add('c') + stream.finish())
                .isEqualTo("a b c");
    }

    @Test
    void leavesOutThePrompt() {
        TextStream stream = new TextStream(TextStreamTest::words);

        stream.skip(new int[] {'p', 'q'});

        assertThat(stream.add('a') + stream.add('b')).isEqualTo(" a b");
    }

    private static String bytes(int[] tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** As SentencePiece: every token is a word with a space before it, and a text's first space is stripped. */
    private static String words(int[] tokens) {
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            text.append(' ').append(Character.toString(token));
        }
        return text.isEmpty() ? "" : text.substring(1);
    }
}
