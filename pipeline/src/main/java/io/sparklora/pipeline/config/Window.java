package io.sparklora.pipeline.config;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/** The span of time that a source's rows must lie in; without a column, all rows do. */
public record Window(
        @Key(
                value =
                        "Column or JSON field with a row's date or time (a date, a timestamp, or ISO 8601 text; UTC where "
                                + "it names no zone).",
                or = "''")
        String column,

        @Key(value = "First moment that counts, an ISO 8601 date or timestamp; empty for no limit.", or = "''")
        String from,

        @Key(value = "First moment that counts no longer; empty for no limit.", or = "''")
        String to) {
    /** Refuses limits without a column, a column without limits, limits that are no time, and an empty span. */
    public Window {
        boolean limited = !from.isEmpty() || !to.isEmpty();
        if (column.isEmpty() == limited) {
            throw new IllegalArgumentException("needs `column` together with `from`, `to` or both");
        }
        Optional<Instant> start = instant("from", from);
        Optional<Instant> end = instant("to", to);
        if (start.isPresent() && end.isPresent() && !start.get().isBefore(end.get())) {
            throw new IllegalArgumentException("from " + from + " must be before to " + to);
        }
    }

    /** The first moment inside; empty for no limit. */
    public Optional<Instant> start() {
        return instant("from", from);
    }

    /** The first moment after it; empty for no limit. */
    public Optional<Instant> end() {
        return instant("to", to);
    }

    private static Optional<Instant> instant(String key, String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(parsed(text));
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    key
                            + " must be an ISO 8601 date or timestamp, such as 2026-01-31 or 2026-01-31T12:00:00Z, but was '"
                            + text + "'",
                    e);
        }
    }

    private static Instant parsed(String text) {
        if (text.indexOf('T') < 0) {
            return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        }
        int zone = Math.max(text.indexOf('Z'), Math.max(text.indexOf('+'), text.indexOf('-', text.indexOf('T'))));
        return zone < 0
                ? LocalDateTime.parse(text).toInstant(ZoneOffset.UTC)
                : OffsetDateTime.parse(text).toInstant();
    }
}
