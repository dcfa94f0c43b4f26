package io.sparklora.pipeline.config;

import java.util.List;

/** A YAML value with the place it was written at. */
sealed interface Yaml {
    /** Where it was written, for errors: {@code legal.yaml, line 31} or {@code --set train.clip=x}. */
    String origin();

    /** How an error names the value. */
    String shown();

    /** Keys and values in their order; a key that is given twice is there twice. */
    record Mapping(List<Entry> entries, String origin) implements Yaml {
        public Mapping {
            entries = List.copyOf(entries);
        }

        @Override
        public String shown() {
            return "a mapping";
        }
    }

    /** One key of a mapping. */
    record Entry(String key, String origin, Yaml value) {}

    /** Items in their order. */
    record Sequence(List<Yaml> items, String origin) implements Yaml {
        public Sequence {
            items = List.copyOf(items);
        }

        @Override
        public String shown() {
            return "a list";
        }
    }

    /**
     * One value.
     *
     * @param text as written, without quotes
     * @param kind what YAML 1.2's core schema takes it for
     */
    record Scalar(String text, Kind kind, String origin) implements Yaml {
        @Override
        public String shown() {
            return switch (kind) {
                case TEXT -> "'" + text + "'";
                case NOTHING -> "empty";
                case INTEGER, FLOAT, BOOLEAN -> text;
            };
        }
    }

    /** What a scalar is. */
    enum Kind {
        TEXT,
        INTEGER,
        FLOAT,
        BOOLEAN,
        NOTHING
    }
}
