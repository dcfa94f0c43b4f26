package io.sparklora.pipeline.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Configuration values as plain sorted maps, lists, numbers and texts, spelled as the file spells them. */
final class Canonical {
    private final Predicate<Keys.Declared> kept;

    private Canonical(Predicate<Keys.Declared> kept) {
        this.kept = kept;
    }

    /** Every key. */
    static Canonical whole() {
        return new Canonical(key -> true);
    }

    /** Without the keys that can't change the adapter's bytes. */
    static Canonical runKey() {
        return new Canonical(key -> key.rule().inRunKey());
    }

    /** The value at a path of keys. */
    Object at(Record root, String path) {
        Object value = root;
        for (String name : path.split("\\.", -1)) {
            if (!(value instanceof Record record)) {
                throw new IllegalArgumentException("no key " + path);
            }
            value = Keys.find(record.getClass(), name)
                    .orElseThrow(() -> new IllegalArgumentException("no key " + path))
                    .of(record);
        }
        return plain(value);
    }

    private Object plain(Object value) {
        if (value instanceof Record record) {
            Map<String, Object> map = new TreeMap<>();
            Keys.of(record.getClass()).stream().filter(kept).forEach(key -> map.put(key.name(), plain(key.of(record))));
            return map;
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>();
            list.forEach(item -> items.add(plain(item)));
            return items;
        }
        if (value instanceof Map<?, ?> map) {
            return new TreeMap<>(map);
        }
        return value instanceof Enum<?> constant ? Keys.spelled(constant) : value;
    }
}
