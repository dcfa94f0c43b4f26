package io.sparklora.pipeline.config;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Puts the values of {@code --set a.b=c} into a configuration's tree; what they are is checked with the rest. */
final class Overrides {
    private static final Pattern INDEX = Pattern.compile("0|[1-9][0-9]{0,5}");

    private Overrides() {}

    /** The tree with the overrides in it, later ones winning. */
    static Yaml apply(Yaml root, List<String> overrides) {
        Yaml tree = root;
        for (String override : overrides) {
            tree = apply(tree, override);
        }
        return tree;
    }

    private static Yaml apply(Yaml root, String override) {
        String origin = "--set " + override;
        int equals = override.indexOf('=');
        if (equals <= 0) {
            throw new StageFailure(ExitCode.USAGE, origin + " must be KEY=VALUE, such as train.tokens=100000");
        }
        String path = override.substring(0, equals);
        return set(Optional.of(root), RunConfig.class, path, value(path, override.substring(equals + 1), origin));
    }

    private static Yaml value(String path, String text, String origin) {
        if (isFree(RunConfig.class, path)) {
            return new Yaml.Scalar(text, Yaml.Kind.TEXT, origin);
        }
        // YAML takes no text for an empty document; a shell user who writes KEY= means the empty value.
        return text.isBlank() ? new Yaml.Scalar("", Yaml.Kind.NOTHING, origin) : YamlReader.value(text, origin);
    }

    /** Whether a path names an entry of a mapping of texts with free keys, whose values are texts as they are. */
    private static boolean isFree(Type type, String path) {
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == Map.class
                    && generic.getActualTypeArguments()[1] == String.class
                    && !path.isEmpty();
        }
        String[] parts = split(path);
        return !path.isEmpty()
                && type instanceof Class<?> plain
                && plain.isRecord()
                && Keys.find(plain, parts[0])
                        .filter(key -> isFree(key.type(), parts[1]))
                        .isPresent();
    }

    /** What stands below {@code type} with the value set at the path. */
    private static Yaml set(Optional<Yaml> old, Type type, String path, Yaml value) {
        if (path.isEmpty()) {
            return value;
        }
        // A free key, such as a Spark setting's, has dots of its own.
        boolean isFree = type instanceof ParameterizedType generic && generic.getRawType() == Map.class;
        String[] parts = isFree ? new String[] {path, ""} : split(path);
        if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
            return inList(old, generic.getActualTypeArguments()[0], parts, value);
        }
        return inMapping(old, type, parts, value);
    }

    private static Yaml inMapping(Optional<Yaml> old, Type type, String[] parts, Yaml value) {
        List<Yaml.Entry> entries = new ArrayList<>();
        Optional<Yaml> before = Optional.empty();
        if (old.isPresent() && !isNothing(old.get())) {
            if (!(old.get() instanceof Yaml.Mapping mapping)) {
                throw refused(
                        value,
                        "the value above '" + parts[0] + "' is " + old.get().shown() + ", no mapping");
            }
            entries.addAll(mapping.entries());
            before = mapping.entries().stream()
                    .filter(entry -> entry.key().equals(parts[0]))
                    .map(Yaml.Entry::value)
                    .findFirst();
        }
        Type below = type instanceof Class<?> plain && plain.isRecord()
                ? Keys.find(plain, parts[0]).map(Keys.Declared::type).orElse(Object.class)
                : Object.class;
        Yaml.Entry entry = new Yaml.Entry(parts[0], value.origin(), set(before, below, parts[1], value));
        int at = index(entries, parts[0]);
        if (at < 0) {
            entries.add(entry);
        } else {
            entries.set(at, entry);
        }
        return new Yaml.Mapping(entries, old.map(Yaml::origin).orElse(value.origin()));
    }

    private static Yaml inList(Optional<Yaml> old, Type element, String[] parts, Yaml value) {
        List<Yaml> items = new ArrayList<>();
        old.ifPresent(yaml -> items.addAll(yaml instanceof Yaml.Sequence list ? list.items() : List.of(yaml)));
        if (!INDEX.matcher(parts[0]).matches() || Integer.parseInt(parts[0]) > items.size()) {
            throw refused(
                    value,
                    "'" + parts[0] + "' must be an index in [0, " + items.size() + "], the last one adding an item");
        }
        int index = Integer.parseInt(parts[0]);
        if (index == items.size()) {
            items.add(set(Optional.empty(), element, parts[1], value));
        } else {
            items.set(index, set(Optional.of(items.get(index)), element, parts[1], value));
        }
        return new Yaml.Sequence(items, old.map(Yaml::origin).orElse(value.origin()));
    }

    private static int index(List<Yaml.Entry> entries, String key) {
        return entries.stream().map(Yaml.Entry::key).toList().indexOf(key);
    }

    private static boolean isNothing(Yaml yaml) {
        return yaml instanceof Yaml.Scalar scalar && scalar.kind() == Yaml.Kind.NOTHING;
    }

    private static String[] split(String path) {
        int dot = path.indexOf('.');
        return dot < 0 ? new String[] {path, ""} : new String[] {path.substring(0, dot), path.substring(dot + 1)};
    }

    private static StageFailure refused(Yaml value, String why) {
        return new StageFailure(ExitCode.USAGE, value.origin() + " can't be applied: " + why);
    }
}
