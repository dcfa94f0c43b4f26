package io.sparklora.pipeline.config;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/** The keys of the configuration as its records declare them. */
final class Keys {
    private static final Pattern CAPITAL = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])");

    private Keys() {}

    /**
     * One key of a record.
     *
     * @param name in kebab-case
     * @param component the record's component
     * @param rule what {@link Key} says of it
     */
    record Declared(String name, RecordComponent component, Key rule) {
        /** The component's type. */
        Type type() {
            return component.getGenericType();
        }

        /** The value of this key in a record. */
        Object of(Record values) {
            try {
                return Objects.requireNonNull(component.getAccessor().invoke(values));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(component + " can't be read", e);
            }
        }
    }

    /** The keys of a record in their order. */
    static List<Declared> of(Class<?> type) {
        List<Declared> keys = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            Key rule = component.getAnnotation(Key.class);
            if (rule == null) {
                throw new IllegalStateException(type.getName() + "." + component.getName() + " has no @Key");
            }
            keys.add(new Declared(kebab(component.getName()), component, rule));
        }
        return List.copyOf(keys);
    }

    /** The key of that name. */
    static Optional<Declared> find(Class<?> type, String name) {
        return of(type).stream().filter(key -> key.name().equals(name)).findFirst();
    }

    /** The values of an enum as the configuration spells them. */
    static List<String> values(Class<?> type) {
        List<String> names = new ArrayList<>();
        for (Object constant : type.getEnumConstants()) {
            names.add(spelled((Enum<?>) constant));
        }
        return List.copyOf(names);
    }

    /** An enum's value as the configuration spells it. */
    static String spelled(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String kebab(String camel) {
        return CAPITAL.matcher(camel).replaceAll("-").toLowerCase(Locale.ROOT);
    }
}
