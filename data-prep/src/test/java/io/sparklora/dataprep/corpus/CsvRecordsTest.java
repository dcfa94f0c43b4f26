package io.sparklora.dataprep.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CsvRecordsTest {
    @Test
    void readsValuesWithQuotesCommasAndLineBreaks() {
        assertThat(read("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n,\"\"\n5\" disk,end"))
                .containsExactly("a|b", "1|x, \"y\"\nz", "null|", "5\" disk|end");
        assertThat(read("\uFEFFa\n\"b\" \rc")).containsExactly("a", "b", "c");
        assertThat(read("")).isEmpty();
    }

    @Test
    void goesOnAtTheNextLineWhereAQuoteIsNeverClosed() {
        assertThat(read("1,\"open\n2,plain\n3,end\n")).containsExactly("unclosed-quote", "2|plain", "3|end");
        assertThat(read("1,\"open\n2,\"quoted\"\n3,\"two\nlines\"\n"))
                .containsExactly("unclosed-quote", "2|quoted", "3|two\nlines");
        assertThat(read("1,\"open")).containsExactly("unclosed-quote");
    }

    @Test
    void refusesAValueThatGoesOnAfterItsClosingQuote() {
        assertThat(read("1,\"a\"b\n2,c\n")).containsExactly("unparsable", "2|c");
    }

    @Test
    void marksRecordsThatAreNotUtf8() {
        byte[] bytes = "1,ab\n2,cd\n".getBytes(StandardCharsets.ISO_8859_1);
        bytes[2] = (byte) 0xE9;

        assertThat(read(bytes)).containsExactly("invalid-encoding", "2|cd");
    }

    @Test
    void readsBackWhateverAWriterQuotes() {
        Random random = new Random(3);
        String alphabet = "ab,\"\n \u00E9";
        for (int i = 0; i < 200; i++) {
            List<List<String>> rows = new ArrayList<>();
            StringBuilder csv = new StringBuilder();
            for (int row = 0; row < 4; row++) {
                List<String> values = new ArrayList<>();
                for (int column = 0; column < 3; column++) {
                    values.add(random.ints(random.nextInt(6), 0, alphabet.length())
                            .mapToObj(place -> alphabet.substring(place, place + 1))
                            .reduce("", String::concat));
                }
                rows.add(values);
                csv.append(String.join(
                                ",",
                                values.stream()
                                        .map(value -> '"' + value.replace("\"", "\"\"") + '"')
                                        .toList()))
                        .append("\r\n");
            }

            assertThat(read(csv.toString()))
                    .isEqualTo(rows.stream()
                            .map(values -> String.join("|", values))
                            .toList());
        }
    }

    @Test
    void readsAFileOfOpenQuotesInOnePassEach() {
        String lines = "\"\"x,\"\n".repeat(50_000);

        assertThat(read(lines)).hasSize(50_000).containsOnly("unparsable");
    }

    private static List<String> read(String csv) {
        return read(csv.getBytes(StandardCharsets.UTF_8));
    }

    private static List<String> read(byte[] csv) {
        List<String> records = new ArrayList<>();
        try (CsvRecords source = new CsvRecords(new ByteArrayInputStream(csv))) {
            for (var record = source.next(); record.isPresent(); record = source.next()) {
                List<String> values = record.get().values().stream()
                        .map(value -> value.orElse("null"))
                        .toList();
                Optional<Defect> defect = record.get().defect();
                records.add(defect.isPresent() ? defect.get().word() : String.join("|", values));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return records;
    }
}
