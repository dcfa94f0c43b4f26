package io.sparklora.dataprep.corpus;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.util.LineReader;

/**
 * The records of one CSV file (RFC 4180, UTF-8; blank lines are none), one after another. A value that opens a quote and
 * never closes it, or goes on after the closing quote, makes its record malformed, not the rest of the file: reading goes
 * on at the line after the one on which that record began. Quotes inside a value without quotes stand for themselves.
 */
final class CsvRecords implements Closeable {
    private static final int MOST_BYTES = 1 << 26;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final LineReader lines;
    private final Deque<Line> putBack = new ArrayDeque<>();
    private boolean isFirst = true;

    /** @param in closed with this */
    CsvRecords(InputStream in) {
        this.lines = new LineReader(in);
    }

    /**
     * One record.
     *
     * @param values null for a value without characters and quotes; none where there is a defect of form
     * @param defect what is wrong with it
     */
    record CsvRecord(List<Optional<String>> values, Optional<Defect> defect) {
        /** Copies the list. */
        CsvRecord {
            values = List.copyOf(values);
        }

        private static CsvRecord malformed(Defect defect) {
            return new CsvRecord(List.of(), Optional.of(defect));
        }
    }

    private record Line(String text, boolean isUtf8, boolean isWhole) {}

    /** The next record; empty at the end. */
    Optional<CsvRecord> next() throws IOException {
        Optional<Line> line = nextLine();
        while (line.isPresent() && line.get().text().isEmpty()) {
            line = nextLine();
        }
        return line.isPresent() ? Optional.of(record(line.get())) : Optional.empty();
    }

    private CsvRecord record(Line first) throws IOException {
        CsvFields fields = new CsvFields();
        CsvFields.State state = fields.read(first.text());
        boolean isUtf8 = first.isUtf8();
        boolean isWhole = first.isWhole();
        long length = first.text().length();
        List<Line> more = new ArrayList<>();
        while (state == CsvFields.State.OPEN && isWhole && length < MOST_BYTES) {
            Optional<Line> line = nextLine();
            if (line.isEmpty()) {
                break;
            }
            more.add(line.get());
            state = fields.read(line.get().text());
            isUtf8 &= line.get().isUtf8();
            isWhole = line.get().isWhole();
            length += line.get().text().length();
        }
        if (state == CsvFields.State.COMPLETE && isWhole) {
            Optional<Defect> defect = isUtf8 ? Optional.empty() : Optional.of(Defect.INVALID_ENCODING);
            return new CsvRecord(fields.values(), defect);
        }
        for (int i = more.size() - 1; i >= 0; i--) {
            putBack.push(more.get(i));
        }
        boolean isOpen = state == CsvFields.State.OPEN || !more.isEmpty();
        return CsvRecord.malformed(isOpen ? Defect.UNCLOSED_QUOTE : Defect.UNPARSABLE);
    }

    private Optional<Line> nextLine() throws IOException {
        if (!putBack.isEmpty()) {
            return Optional.of(putBack.pop());
        }
        Text bytes = new Text();
        int consumed = lines.readLine(bytes, MOST_BYTES);
        if (consumed == 0) {
            return Optional.empty();
        }
        boolean isWhole = bytes.getLength() < MOST_BYTES;
        boolean isUtf8 = isUtf8(bytes);
        String text = new String(bytes.getBytes(), 0, bytes.getLength(), StandardCharsets.UTF_8);
        boolean hasMark = isFirst && text.startsWith(BYTE_ORDER_MARK);
        isFirst = false;
        return Optional.of(new Line(hasMark ? text.substring(1) : text, isUtf8, isWhole));
    }

    private static boolean isUtf8(Text bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.getBytes(), 0, bytes.getLength()));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
