package io.sparklora.pipeline.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What {@code prepare.preset} stands for: a resource {@code preset/NAME.yaml} with keys of {@code prepare}, which hold
 * where the user gives none. {@code none} has no resource.
 */
final class Presets {
    private static final String PREPARE = "prepare";
    private static final String PRESET = "preset";

    private Presets() {}

    /** The tree with the preset's keys filled in; as it was where it names no preset, which the binder judges. */
    static Yaml apply(Yaml root) {
        return entry(root, PREPARE)
                .flatMap(prepare -> entry(prepare, PRESET))
                .flatMap(Presets::read)
                .map(preset -> filled(root, new Yaml.Mapping(List.of(preset), root.origin())))
                .orElse(root);
    }

    private static Optional<Yaml.Entry> read(Yaml name) {
        return name instanceof Yaml.Scalar scalar
                        && Keys.values(PrepareConfig.Preset.class).contains(scalar.text())
                        && !scalar.text().equals(Keys.spelled(PrepareConfig.Preset.NONE))
                ? Optional.of(read(scalar.text()))
                : Optional.empty();
    }

    private static Yaml.Entry read(String name) {
        String origin = "preset " + name;
        try (InputStream resource = Presets.class.getResourceAsStream("preset/" + name + ".yaml")) {
            String text = new String(Objects.requireNonNull(resource, origin).readAllBytes(), StandardCharsets.UTF_8);
            return new Yaml.Entry(PREPARE, origin, YamlReader.file(text, origin));
        } catch (IOException e) {
            throw new UncheckedIOException(origin + " can't be read", e);
        }
    }

    /** The given value with what it lacks; where the two are not both mappings, the given one wins. */
    private static Yaml filled(Yaml given, Yaml preset) {
        if (!(given instanceof Yaml.Mapping own) || !(preset instanceof Yaml.Mapping other)) {
            return given;
        }
        List<Yaml.Entry> entries = new ArrayList<>();
        for (Yaml.Entry entry : own.entries()) {
            Yaml value = entry(other, entry.key())
                    .map(fallback -> filled(entry.value(), fallback))
                    .orElse(entry.value());
            entries.add(new Yaml.Entry(entry.key(), entry.origin(), value));
        }
        other.entries().stream()
                .filter(entry -> entry(own, entry.key()).isEmpty())
                .forEach(entries::add);
        return new Yaml.Mapping(entries, own.origin());
    }

    private static Optional<Yaml> entry(Yaml yaml, String key) {
        return yaml instanceof Yaml.Mapping mapping
                ? mapping.entries().stream()
                        .filter(entry -> entry.key().equals(key))
                        .map(Yaml.Entry::value)
                        .findFirst()
                : Optional.empty();
    }
}
