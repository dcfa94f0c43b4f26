package io.sparklora.dataprep.corpus;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Files whose byte-order mark says that they are UTF-16 (RFC 2781). */
final class Utf16 {
    static final byte[] BIG_ENDIAN_MARK = {(byte) 0xFE, (byte) 0xFF};
    static final byte[] LITTLE_ENDIAN_MARK = {(byte) 0xFF, (byte) 0xFE};

    private static final int CHARACTERS = 1 << 13;

    private Utf16() {}

    /** The text of bytes that begin with a mark, without it; null where they are no UTF-16. */
    static @Nullable String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_16
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /**
     * A stream as UTF-8 where it begins with a mark, and as it is where it does not. What is no UTF-16 becomes U+FFFD.
     *
     * @param in closed with the result
     */
    static InputStream asUtf8(InputStream in) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(in);
        buffered.mark(BIG_ENDIAN_MARK.length);
        byte[] first = buffered.readNBytes(BIG_ENDIAN_MARK.length);
        buffered.reset();
        boolean isMarked = Arrays.equals(first, BIG_ENDIAN_MARK) || Arrays.equals(first, LITTLE_ENDIAN_MARK);
        return isMarked ? new Utf8Stream(new InputStreamReader(buffered, StandardCharsets.UTF_16)) : buffered;
    }

    private static final class Utf8Stream extends InputStream {
        private final Reader reader;
        private ByteBuffer bytes = ByteBuffer.allocate(0);

        private Utf8Stream(Reader reader) {
            this.reader = reader;
        }

        @Override
        public int read() throws IOException {
            return fill() ? Byte.toUnsignedInt(bytes.get()) : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int count = Math.min(length, bytes.remaining());
            bytes.get(target, offset, count);
            return count;
        }

        /** Whether there is another byte. */
        private boolean fill() throws IOException {
            while (!bytes.hasRemaining()) {
                // Room for the second half of a pair.
                char[] characters = new char[CHARACTERS + 1];
                int count = reader.read(characters, 0, CHARACTERS);
                if (count < 0) {
                    return false;
                }
                if (count > 0 && Character.isHighSurrogate(characters[count - 1])) {
                    count += Math.max(0, reader.read(characters, count, 1));
                }
                bytes = StandardCharsets.UTF_8.encode(CharBuffer.wrap(characters, 0, count));
            }
            return true;
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}
