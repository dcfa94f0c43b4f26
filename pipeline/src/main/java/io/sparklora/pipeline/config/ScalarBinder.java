package io.sparklora.pipeline.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/** Checks single values; nothing is coerced: {@code "8"} is a text and {@code 8.0} no integer. */
final class ScalarBinder {
    private static final int HEXADECIMAL = 16;
    private static final int OCTAL = 8;

    private final Problems problems;

    ScalarBinder(Problems problems) {
        this.problems = problems;
    }

    Optional<Object> value(Class<?> type, Key rule, Yaml yaml, String path) {
        if (!(yaml instanceof Yaml.Scalar scalar)) {
            problems.wrong(path, "must be " + wanted(type), yaml);
            return Optional.empty();
        }
        if (type.isEnum()) {
            return constant(type, scalar, path);
        }
        return switch (type.getName()) {
            case "int", "java.lang.Integer" ->
                integer(rule, scalar, path, Integer.MIN_VALUE, Integer.MAX_VALUE)
                        .map(Long::intValue);
            case "long" ->
                integer(rule, scalar, path, Long.MIN_VALUE, Long.MAX_VALUE).map(Object.class::cast);
            case "double", "java.lang.Double" -> number(rule, scalar, path);
            case "boolean" -> truth(scalar, path);
            case "java.lang.String" -> text(rule, scalar, path);
            default -> throw new IllegalStateException("no configuration value can be a " + type.getName());
        };
    }

    private Optional<Long> integer(Key rule, Yaml.Scalar scalar, String path, long smallest, long largest) {
        if (scalar.kind() != Yaml.Kind.INTEGER) {
            problems.wrong(path, "must be an integer", scalar);
            return Optional.empty();
        }
        BigInteger value = parsed(scalar.text());
        if (value.compareTo(BigInteger.valueOf(smallest)) < 0 || value.compareTo(BigInteger.valueOf(largest)) > 0) {
            // The type's bounds are told only to who goes past them.
            String min = rule.min() == Double.NEGATIVE_INFINITY ? String.valueOf(smallest) : shown(rule.min());
            String max = rule.max() == Double.POSITIVE_INFINITY ? String.valueOf(largest) : shown(rule.max());
            problems.wrong(path, "must be in [" + min + ", " + max + "]", scalar);
            return Optional.empty();
        }
        if (value.doubleValue() < rule.min() || value.doubleValue() > rule.max()) {
            problems.wrong(path, "must be " + range(rule.min(), rule.max()), scalar);
            return Optional.empty();
        }
        return Optional.of(value.longValueExact());
    }

    private static BigInteger parsed(String text) {
        if (text.startsWith("0x")) {
            return new BigInteger(text.substring(2), HEXADECIMAL);
        }
        return text.startsWith("0o") ? new BigInteger(text.substring(2), OCTAL) : new BigInteger(text);
    }

    private Optional<Object> number(Key rule, Yaml.Scalar scalar, String path) {
        if (scalar.kind() != Yaml.Kind.INTEGER && scalar.kind() != Yaml.Kind.FLOAT) {
            problems.wrong(path, "must be a number", scalar);
            return Optional.empty();
        }
        boolean decimal =
                scalar.kind() == Yaml.Kind.FLOAT && !scalar.text().matches("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");
        if (scalar.kind() == Yaml.Kind.FLOAT && !decimal) {
            problems.wrong(path, "must be a finite number", scalar);
            return Optional.empty();
        }
        double value = decimal
                ? Double.parseDouble(scalar.text())
                : parsed(scalar.text()).doubleValue();
        if (!Double.isFinite(value) || value < rule.min() || value > rule.max()) {
            problems.wrong(path, "must be " + range(rule.min(), rule.max()), scalar);
            return Optional.empty();
        }
        // Zero has one spelling, so that -0.0 makes no other run key.
        return Optional.of(value + 0.0);
    }

    private Optional<Object> truth(Yaml.Scalar scalar, String path) {
        if (scalar.kind() != Yaml.Kind.BOOLEAN) {
            problems.wrong(path, "must be true or false", scalar);
            return Optional.empty();
        }
        return Optional.of(scalar.text().equalsIgnoreCase("true"));
    }

    private Optional<Object> text(Key rule, Yaml.Scalar scalar, String path) {
        if (scalar.kind() == Yaml.Kind.NOTHING) {
            problems.wrong(path, "must be text ('' where it may be empty)", scalar);
            return Optional.empty();
        }
        if (scalar.kind() != Yaml.Kind.TEXT) {
            problems.wrong(path, "must be text (quote it: '" + scalar.text() + "')", scalar);
            return Optional.empty();
        }
        if (scalar.text().isEmpty() && rule.or().equals(Key.REQUIRED)) {
            problems.wrong(path, "must not be empty", scalar);
            return Optional.empty();
        }
        if (!rule.pattern().isEmpty() && !scalar.text().matches(rule.pattern())) {
            problems.wrong(path, "must match " + rule.pattern(), scalar);
            return Optional.empty();
        }
        return Optional.of(scalar.text());
    }

    private Optional<Object> constant(Class<?> type, Yaml.Scalar scalar, String path) {
        for (Object constant : type.getEnumConstants()) {
            if (Keys.spelled((Enum<?>) constant).equals(scalar.text())) {
                return Optional.of(constant);
            }
        }
        problems.wrong(path, "must be " + wanted(type), scalar);
        return Optional.empty();
    }

    private static String wanted(Class<?> type) {
        if (type.isEnum()) {
            List<String> names = Keys.values(type);
            return "one of " + String.join(", ", names);
        }
        return switch (type.getName()) {
            case "int", "long", "java.lang.Integer" -> "an integer";
            case "double", "java.lang.Double" -> "a number";
            case "boolean" -> "true or false";
            default -> "text";
        };
    }

    /** A range in words: {@code in [1, 256]}, {@code at least 1}, {@code at most 1}. */
    static String range(double min, double max) {
        if (min == Double.NEGATIVE_INFINITY) {
            return max == Double.POSITIVE_INFINITY ? "a finite number" : "at most " + shown(max);
        }
        return max == Double.POSITIVE_INFINITY
                ? "at least " + shown(min)
                : "in [" + shown(min) + ", " + shown(max) + "]";
    }

    private static String shown(double bound) {
        return BigDecimal.valueOf(bound).stripTrailingZeros().toPlainString();
    }
}
