package io.sparklora.pipeline.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Makes the configuration's records out of a YAML tree. A value that can't be made is empty, and what is wrong with it
 * is among the problems; the rest is checked all the same.
 */
final class Binder {
    private static final String DEFAULT_ORIGIN = "default";

    private final Problems problems;
    private final ScalarBinder scalars;

    Binder(Problems problems) {
        this.problems = problems;
        this.scalars = new ScalarBinder(problems);
    }

    /** The whole configuration. */
    Optional<RunConfig> run(Yaml root) {
        return record(RunConfig.class, root, "").map(RunConfig.class::cast);
    }

    /** The names of a record's keys that have another value than their default, in the record's order; each must have one. */
    static List<String> differing(Record values) {
        Record defaults = (Record) new Binder(new Problems())
                .record(values.getClass(), YamlReader.value("{}", DEFAULT_ORIGIN), "")
                .orElseThrow();
        return Keys.of(values.getClass()).stream()
                .filter(key -> !key.of(values).equals(key.of(defaults)))
                .map(Keys.Declared::name)
                .toList();
    }

    private Optional<Object> value(Type type, Key rule, Yaml yaml, String path) {
        if (type instanceof ParameterizedType generic) {
            Type element = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            if (generic.getRawType() == List.class) {
                return list(element, rule, yaml, path);
            }
            return element == String.class
                    ? texts(yaml, path).map(Object.class::cast)
                    : values(element, rule, yaml, path).map(Object.class::cast);
        }
        Class<?> plain = (Class<?>) type;
        return plain.isRecord() ? record(plain, yaml, path) : scalars.value(plain, rule, yaml, path);
    }

    private Optional<Object> record(Class<?> type, Yaml yaml, String path) {
        if (!(yaml instanceof Yaml.Mapping mapping)) {
            problems.wrong(path, "must be a mapping", yaml);
            return Optional.empty();
        }
        Map<String, Yaml> given = entries(mapping, path);
        refuseUnknown(type, mapping, path);
        List<Object> values = new ArrayList<>();
        for (Keys.Declared key : Keys.of(type)) {
            component(key, Optional.ofNullable(given.get(key.name())), mapping, path)
                    .ifPresent(values::add);
        }
        boolean whole = values.size() == type.getRecordComponents().length;
        return whole ? construct(type, values, mapping, path) : Optional.empty();
    }

    private Optional<Object> component(Keys.Declared key, Optional<Yaml> given, Yaml.Mapping parent, String path) {
        String at = below(path, key.name());
        if (given.isEmpty() && key.rule().or().equals(Key.REQUIRED)) {
            problems.add(at, "is missing", parent.origin());
            return Optional.empty();
        }
        Yaml yaml = given.orElseGet(() -> YamlReader.value(key.rule().or(), DEFAULT_ORIGIN));
        return value(key.type(), key.rule(), yaml, at);
    }

    private Optional<Object> list(Type element, Key rule, Yaml yaml, String path) {
        if (yaml instanceof Yaml.Scalar && !((Class<?>) element).isRecord()) {
            return value(element, rule, yaml, path).map(List::of);
        }
        if (!(yaml instanceof Yaml.Sequence sequence)) {
            problems.wrong(path, "must be a list", yaml);
            return Optional.empty();
        }
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < sequence.items().size(); i++) {
            value(element, rule, sequence.items().get(i), below(path, String.valueOf(i)))
                    .ifPresent(values::add);
        }
        return values.size() == sequence.items().size() ? Optional.of(values) : Optional.empty();
    }

    /** Free keys with values taken as they are written, so that a Spark setting needs no quotes. */
    private Optional<Map<String, String>> texts(Yaml yaml, String path) {
        if (!(yaml instanceof Yaml.Mapping mapping)) {
            problems.wrong(path, "must be a mapping", yaml);
            return Optional.empty();
        }
        Map<String, String> texts = new LinkedHashMap<>();
        entries(mapping, path).forEach((key, value) -> {
            if (value instanceof Yaml.Scalar scalar && scalar.kind() != Yaml.Kind.NOTHING) {
                texts.put(key, scalar.text());
            } else {
                problems.wrong(below(path, key), "must be one value", value);
            }
        });
        return texts.size() == mapping.entries().size() ? Optional.of(texts) : Optional.empty();
    }

    /** Free keys with values of one type. */
    private Optional<Map<String, Object>> values(Type element, Key rule, Yaml yaml, String path) {
        if (!(yaml instanceof Yaml.Mapping mapping)) {
            problems.wrong(path, "must be a mapping", yaml);
            return Optional.empty();
        }
        Map<String, Object> values = new LinkedHashMap<>();
        entries(mapping, path).forEach((key, value) -> value(element, rule, value, below(path, key))
                .ifPresent(found -> values.put(key, found)));
        return values.size() == mapping.entries().size() ? Optional.of(values) : Optional.empty();
    }

    private Map<String, Yaml> entries(Yaml.Mapping mapping, String path) {
        Map<String, Yaml> given = new LinkedHashMap<>();
        for (Yaml.Entry entry : mapping.entries()) {
            Yaml earlier = given.putIfAbsent(entry.key(), entry.value());
            if (earlier != null) {
                problems.add(below(path, entry.key()), "is given twice, first in " + earlier.origin(), entry.origin());
            }
        }
        return given;
    }

    private void refuseUnknown(Class<?> type, Yaml.Mapping mapping, String path) {
        List<String> known = Keys.of(type).stream().map(Keys.Declared::name).toList();
        for (Yaml.Entry entry : mapping.entries()) {
            if (!known.contains(entry.key())) {
                String hint = Suggestion.nearest(entry.key(), known)
                        .map(name -> "did you mean " + below(path, name) + "?")
                        .orElseGet(() -> elsewhere(entry.key())
                                .map(found -> "did you mean " + found + "?")
                                .orElse("allowed are " + String.join(", ", known)));
                problems.add(below(path, entry.key()), "is no key; " + hint, entry.origin());
            }
        }
    }

    /** Where a key of that name lives, if it is merely in the wrong place. */
    private static Optional<String> elsewhere(String name) {
        return ConfigReference.keys().stream()
                .map(ConfigReference.Entry::path)
                .filter(path -> path.endsWith("." + name) || path.equals(name))
                .findFirst();
    }

    private Optional<Object> construct(Class<?> type, List<Object> values, Yaml.Mapping yaml, String path) {
        Class<?>[] types = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            Constructor<?> canonical = type.getDeclaredConstructor(types);
            return Optional.of(canonical.newInstance(values.toArray()));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refusal) {
                problems.add(path, Objects.requireNonNullElse(refusal.getMessage(), "is refused"), yaml.origin());
                return Optional.empty();
            }
            throw new IllegalStateException(type + " can't be made", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " can't be made", e);
        }
    }

    private static String below(String path, String name) {
        return List.of(path, name).stream().filter(part -> !part.isEmpty()).collect(Collectors.joining("."));
    }
}
