package io.sparklora.pipeline.basemodel;

import java.util.List;

/** A value of GGUF metadata. Arrays of numbers stay arrays: a vocabulary has hundreds of thousands of them. */
sealed interface GgufValue {
    /** What messages show of it. */
    String shown();

    /** A whole number of any width. */
    record Whole(long value) implements GgufValue {
        @Override
        public String shown() {
            return Long.toString(value);
        }
    }

    /** A floating-point number of any width. */
    record Real(double value) implements GgufValue {
        @Override
        public String shown() {
            return Double.toString(value);
        }
    }

    /** A boolean. */
    record Flag(boolean value) implements GgufValue {
        @Override
        public String shown() {
            return Boolean.toString(value);
        }
    }

    /** A string. */
    record Text(String value) implements GgufValue {
        @Override
        public String shown() {
            return "'" + (value.length() > 80 ? value.substring(0, 80) + "..." : value) + "'";
        }
    }

    /** An array of strings. */
    record Texts(List<String> values) implements GgufValue {
        /** Copies the list. */
        public Texts {
            values = List.copyOf(values);
        }

        @Override
        public String shown() {
            return "an array of " + values.size() + " strings";
        }
    }

    /** An array of whole numbers or booleans (0 and 1). Never written to. */
    @SuppressWarnings("ArrayRecordComponent")
    record Wholes(long[] values) implements GgufValue {
        @Override
        public String shown() {
            return "an array of " + values.length + " whole numbers";
        }
    }

    /** An array of floating-point numbers. Never written to. */
    @SuppressWarnings("ArrayRecordComponent")
    record Reals(double[] values) implements GgufValue {
        @Override
        public String shown() {
            return "an array of " + values.length + " floats";
        }
    }
}
