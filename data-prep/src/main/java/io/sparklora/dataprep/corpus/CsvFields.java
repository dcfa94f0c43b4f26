package io.sparklora.dataprep.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The values of one CSV record, read line by line. */
final class CsvFields {
    private final List<Optional<String>> values = new ArrayList<>();
    private final StringBuilder value = new StringBuilder();
    private Place place = Place.START;

    private enum Place {
        /** Before a value's first character. */
        START,
        /** In a value without quotes. */
        PLAIN,
        /** Between quotes. */
        QUOTED,
        /** After a quote that closes the value, or is the first of two that stand for one. */
        CLOSED
    }

    /** What the lines so far are. */
    enum State {
        /** A whole record. */
        COMPLETE,
        /** The start of one: a quote is open. */
        OPEN,
        /** No record: a value goes on after its closing quote. */
        BROKEN
    }

    /** Reads the next line, without its line break; after {@code COMPLETE} or {@code BROKEN} there is none. */
    State read(String line) {
        for (int i = 0; i < line.length(); i++) {
            if (!read(line.charAt(i))) {
                return State.BROKEN;
            }
        }
        if (place == Place.QUOTED) {
            value.append('\n');
            return State.OPEN;
        }
        endValue();
        return State.COMPLETE;
    }

    /** Empty for a value that has neither characters nor quotes. */
    List<Optional<String>> values() {
        return List.copyOf(values);
    }

    private boolean read(char c) {
        switch (place) {
            case START, PLAIN -> readPlain(c);
            case QUOTED -> readQuoted(c);
            case CLOSED -> {
                return readClosed(c);
            }
        }
        return true;
    }

    private void readPlain(char c) {
        if (c == ',') {
            endValue();
        } else if (c == '"' && place == Place.START) {
            place = Place.QUOTED;
        } else {
            place = Place.PLAIN;
            value.append(c);
        }
    }

    private void readQuoted(char c) {
        if (c == '"') {
            place = Place.CLOSED;
        } else {
            value.append(c);
        }
    }

    private boolean readClosed(char c) {
        if (c == '"') {
            place = Place.QUOTED;
            value.append(c);
        } else if (c == ',') {
            endValue();
        }
        return c == '"' || c == ',' || c == ' ' || c == '\t';
    }

    private void endValue() {
        values.add(place == Place.START ? Optional.empty() : Optional.of(value.toString()));
        value.setLength(0);
        place = Place.START;
    }
}
