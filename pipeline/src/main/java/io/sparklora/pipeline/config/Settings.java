package io.sparklora.pipeline.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** A configuration's values as lines for a person. */
final class Settings {
    private static final Pattern CREDENTIAL =
            Pattern.compile("(?i)secret|password|passwd|token|credential|access\\.?key|private");

    private final List<String> lines = new ArrayList<>();

    private Settings() {}

    static List<String> lines(RunConfig config) {
        Settings settings = new Settings();
        settings.add("", config);
        return List.copyOf(settings.lines);
    }

    private void add(String path, Object value) {
        if (value instanceof Record record) {
            Keys.of(record.getClass())
                    .forEach(key -> add(path.isEmpty() ? key.name() : path + "." + key.name(), key.of(record)));
        } else if (value instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof Record) {
            for (int i = 0; i < list.size(); i++) {
                add(path + "." + i, list.get(i));
            }
        } else if (value instanceof Map<?, ?> map) {
            new TreeMap<>(map).forEach((key, text) -> lines.add(path + "." + key + " = " + shown(key, text)));
        } else {
            lines.add(path + " = " + text(value));
        }
    }

    private static String text(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(Settings::spelled).toList().toString();
        }
        return spelled(value);
    }

    private static String spelled(Object value) {
        if (value instanceof Enum<?> constant) {
            return Keys.spelled(constant);
        }
        return value instanceof String text && text.isEmpty() ? "''" : String.valueOf(value);
    }

    private static Object shown(Object key, Object text) {
        return CREDENTIAL.matcher(String.valueOf(key)).find() ? "(not shown)" : text;
    }
}
