package io.sparklora.pipeline.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The configuration page of the docs, made out of the records. */
final class ConfigReference {
    private static final String OPENING = """
            # Configuration

            One YAML file describes a run. The smallest one names the adapter, the base model and one source:

                name: licences
                base: {model: models/SmolLM2-135M-Instruct.Q4_1.gguf}
                corpus: {sources: [{format: json, path: "corpus/*.json", text: licenseText}]}

            - It is read strictly: an unknown, duplicate, missing or out-of-range key ends the command with exit code 2 before Spark
              starts, one line a key, naming the key, the value, what is allowed, the file and the line. Nothing is coerced: `"8"` is a
              text and `8.0` no integer. A list of one value may be written as that value.
            - `--set KEY=VALUE` overrides a key by its path, the value in YAML: `--set train.tokens=100000`,
              `--set corpus.sources.0.path=more.json`, `--set spark.conf.spark.executor.memoryOverhead=1g` (there, the value is the
              text as it is). The index after a list's last adds an item.
            - Relative paths are relative to the directory that the command is started in. Nothing is taken from the environment.
            - Keys marked with * can't change the adapter's bytes: another value of theirs finds the work done.

            This page is generated from the records in `io.sparklora.pipeline.config`; `mvn -pl pipeline test -Dtest=ConfigReferenceTest
            -Dupdate` writes it anew.
            """;

    private ConfigReference() {}

    /**
     * One key of the file.
     *
     * @param path such as {@code train.batch.micro}; items of a list are {@code N}
     * @param key its declaration
     * @param inRunKey whether its value can change the adapter's bytes
     */
    record Entry(String path, Keys.Declared key, boolean inRunKey) {}

    /** Every key that holds a value, in the file's order. */
    static List<Entry> keys() {
        return below(RunConfig.class, "", true);
    }

    private static List<Entry> below(Class<?> type, String path, boolean inRunKey) {
        List<Entry> found = new ArrayList<>();
        for (Keys.Declared key : Keys.of(type)) {
            String at = path.isEmpty() ? key.name() : path + "." + key.name();
            boolean kept = inRunKey && key.rule().inRunKey();
            if (key.type() instanceof Class<?> plain && plain.isRecord()) {
                found.addAll(below(plain, at, kept));
            } else if (key.type() instanceof ParameterizedType generic
                    && generic.getActualTypeArguments()[0] instanceof Class<?> element
                    && element.isRecord()) {
                found.addAll(below(element, at + ".N", kept));
            } else {
                found.add(new Entry(at, key, kept));
            }
        }
        return found;
    }

    /** The page. */
    static String markdown() {
        StringBuilder page = new StringBuilder(OPENING);
        page.append("\n## The run\n\n").append(table(keys().stream().filter(ConfigReference::isTop)));
        for (Keys.Declared section : Keys.of(RunConfig.class)) {
            if (section.type() instanceof Class<?> plain && plain.isRecord()) {
                page.append("\n## ")
                        .append(section.name())
                        .append("\n\n")
                        .append(section.rule().value())
                        .append("\n\n");
                page.append(table(keys().stream().filter(entry -> entry.path().startsWith(section.name() + "."))));
            }
        }
        return page.toString();
    }

    private static boolean isTop(Entry entry) {
        return entry.path().indexOf('.') < 0;
    }

    private static String table(java.util.stream.Stream<Entry> entries) {
        return entries.map(ConfigReference::row)
                .collect(
                        Collectors.joining("", "| key | value | default | meaning |\n| --- | --- | --- | --- |\n", ""));
    }

    private static String row(Entry entry) {
        Key rule = entry.key().rule();
        String fallback = rule.or().equals(Key.REQUIRED) ? "required" : "`" + rule.or() + "`";
        return "| `" + entry.path() + "`" + (entry.inRunKey() ? "" : " *") + " | "
                + escaped(allowed(entry.key().type(), rule)) + " | " + fallback + " | " + escaped(rule.value())
                + " |\n";
    }

    private static String allowed(Type type, Key rule) {
        if (type instanceof ParameterizedType generic) {
            if (generic.getRawType() == Map.class) {
                return generic.getActualTypeArguments()[1] == Integer.class
                        ? "mapping to integers" + range(rule)
                        : "mapping of texts";
            }
            Type element = generic.getActualTypeArguments()[0];
            if (element instanceof Class<?> choice && choice.isEnum()) {
                return "list of " + names(choice);
            }
            return element == Double.class ? "list of numbers" + range(rule) : "list of texts";
        }
        Class<?> plain = (Class<?>) type;
        if (plain.isEnum()) {
            return names(plain);
        }
        return switch (plain.getName()) {
            case "int", "long" -> "integer" + range(rule);
            case "double" -> "number" + range(rule);
            case "boolean" -> "`true`, `false`";
            default -> rule.pattern().isEmpty() ? "text" : "text matching `" + rule.pattern() + "`";
        };
    }

    private static String names(Class<?> type) {
        return Keys.values(type).stream().map(name -> "`" + name + "`").collect(Collectors.joining(", "));
    }

    private static String range(Key rule) {
        boolean bounded = rule.min() != Double.NEGATIVE_INFINITY || rule.max() != Double.POSITIVE_INFINITY;
        return bounded ? " " + ScalarBinder.range(rule.min(), rule.max()) : "";
    }

    private static String escaped(String text) {
        return text.replace("|", "\\|");
    }
}
