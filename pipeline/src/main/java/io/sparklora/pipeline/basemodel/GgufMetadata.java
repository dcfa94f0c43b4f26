package io.sparklora.pipeline.basemodel;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Typed access to GGUF metadata; a value of another type is refused with the file, the key and the value. */
final class GgufMetadata {
    private final String file;
    private final Map<String, GgufValue> values;

    GgufMetadata(String file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = Collections.unmodifiableMap(values);
    }

    Set<String> keys() {
        return values.keySet();
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    Optional<String> text(String key) {
        return value(key).map(value -> {
            if (value instanceof GgufValue.Text text) {
                return text.value();
            }
            throw refusal(key, "a string");
        });
    }

    Optional<Boolean> flag(String key) {
        return value(key).map(value -> {
            if (value instanceof GgufValue.Flag flag) {
                return flag.value();
            }
            throw refusal(key, "a boolean");
        });
    }

    /** A whole number, or an array of one whole number over and over (one a layer). */
    OptionalLong whole(String key) {
        @Nullable GgufValue value = values.get(key);
        if (value == null) {
            return OptionalLong.empty();
        }
        if (value instanceof GgufValue.Whole whole) {
            return OptionalLong.of(whole.value());
        }
        if (value instanceof GgufValue.Wholes wholes && wholes.values().length > 0) {
            for (long each : wholes.values()) {
                if (each != wholes.values()[0]) {
                    throw refusal(key, "the same number for every layer");
                }
            }
            return OptionalLong.of(wholes.values()[0]);
        }
        throw refusal(key, "a whole number");
    }

    OptionalDouble real(String key) {
        @Nullable GgufValue value = values.get(key);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (value instanceof GgufValue.Real real) {
            return OptionalDouble.of(real.value());
        }
        throw refusal(key, "a floating-point number");
    }

    /** A whole number in [least, most]. */
    int int32(String key, int least, int most) {
        long value = whole(key).orElseThrow(() -> missing(key));
        if (value < least || value > most) {
            throw refusal(key, "in [" + least + ", " + most + "]");
        }
        return (int) value;
    }

    Optional<List<String>> texts(String key) {
        return value(key).map(value -> {
            if (value instanceof GgufValue.Texts texts) {
                return texts.values();
            }
            throw refusal(key, "an array of strings");
        });
    }

    /** An array of whole numbers; not to be written to. */
    Optional<long[]> wholes(String key) {
        return value(key).map(value -> {
            if (value instanceof GgufValue.Wholes wholes) {
                return wholes.values();
            }
            throw refusal(key, "an array of whole numbers");
        });
    }

    /** An array of floats; not to be written to. */
    Optional<double[]> reals(String key) {
        return value(key).map(value -> {
            if (value instanceof GgufValue.Reals reals) {
                return reals.values();
            }
            throw refusal(key, "an array of floats");
        });
    }

    Optional<GgufValue> value(String key) {
        return Optional.ofNullable(values.get(key));
    }

    InvalidBaseModelException missing(String key) {
        return new InvalidBaseModelException(file + ": metadata key " + key + " is missing");
    }

    /** A refusal of a key's value, which is there. */
    InvalidBaseModelException refusal(String key, String allowed) {
        String shown = value(key).map(GgufValue::shown).orElse("missing");
        return new InvalidBaseModelException(
                file + ": metadata key " + key + " must be " + allowed + " but is " + shown);
    }

    /** A refusal of a key that means something this project does not compute. */
    InvalidBaseModelException unknown(String key) {
        String shown = value(key).map(GgufValue::shown).orElse("missing");
        return new InvalidBaseModelException(file + ": metadata key " + key + " = " + shown
                + " is not known to the families as computed here; such a model is not read");
    }
}
