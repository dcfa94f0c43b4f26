package io.sparklora.dataprep.corpus;

import io.sparklora.dataprep.corpus.CsvRecords.CsvRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/** The rows of one CSV file after its header, numbered from 1, as {@link CsvSource} gives them to Spark. */
final class CsvRows implements Iterator<Row> {
    private final String file;
    private final NamedColumns columns;
    private final CsvRecords records;
    private final Optional<List<String>> header;
    private Optional<CsvRecord> next;
    private long row;

    /**
     * Reads the header.
     *
     * @param file the file's name
     * @param records from the file's start; closed by the caller
     */
    CsvRows(String file, NamedColumns columns, CsvRecords records) {
        this.file = file;
        this.columns = columns;
        this.records = records;
        this.header = read().map(CsvRows::names);
        this.next = read();
    }

    /** A header's names; one without a name is empty. */
    static List<String> names(CsvRecord header) {
        return header.values().stream().map(name -> name.orElse("")).toList();
    }

    @Override
    public boolean hasNext() {
        return next.isPresent();
    }

    @Override
    public Row next() {
        CsvRecord current = next.orElseThrow(NoSuchElementException::new);
        next = read();
        row++;
        return row(current, header.orElseThrow());
    }

    private Optional<CsvRecord> read() {
        try {
            return records.next();
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + file + " after row " + row + ": " + e.getMessage(), e);
        }
    }

    private Row row(CsvRecord record, List<String> names) {
        @Nullable String text = value(record, names, columns.text());
        Optional<Defect> defect = defect(record, names, text);
        return RowFactory.create(
                file,
                row,
                value(record, names, columns.id()),
                value(record, names, columns.licence()),
                value(record, names, columns.group()),
                value(record, names, columns.timestamp()),
                value(record, names, columns.time()),
                defect.isPresent() ? null : text,
                defect.map(Defect::word).orElse(null),
                fields(record, names));
    }

    /** The columns that make a sample; null for plain text. */
    private String @Nullable [] fields(CsvRecord record, List<String> names) {
        return columns.fields().isEmpty()
                ? null
                : columns.fields().stream()
                        .map(name -> value(record, names, List.of(name)))
                        .toArray(String[]::new);
    }

    private Optional<Defect> defect(CsvRecord record, List<String> names, @Nullable String text) {
        if (record.defect().isPresent()) {
            return record.defect();
        }
        if (!columns.areIn(names)) {
            return Optional.of(Defect.NO_COLUMN);
        }
        if (record.values().size() != names.size()) {
            return Optional.of(Defect.UNPARSABLE);
        }
        boolean isText = columns.fields().isEmpty();
        return isText && text == null ? Optional.of(Defect.NO_TEXT) : Optional.empty();
    }

    /** The first of the columns that has a value; null where none has. */
    private static @Nullable String value(CsvRecord record, List<String> names, List<String> wanted) {
        return wanted.stream()
                .map(name -> place(record, names, name))
                .flatMapToInt(OptionalInt::stream)
                .mapToObj(place -> record.values().get(place))
                .flatMap(Optional::stream)
                .findFirst()
                .orElse(null);
    }

    private static OptionalInt place(CsvRecord record, List<String> names, String name) {
        return IntStream.range(0, Math.min(names.size(), record.values().size()))
                .filter(place -> names.get(place).equals(name))
                .findFirst();
    }
}
