package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.run.RunLayout;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/**
 * Where everything of one adapter's versions lies; the only class that joins the registry's paths.
 *
 * <pre>
 * registry/NAME/v3/                          a version: adapter_config.json, adapter_model.safetensors, manifest.json
 * registry/NAME/claims/v3.json               who took the number 3: the first to write this file
 * registry/NAME/aliases/ALIAS/000002.json    the alias' second move; it points where its last move says
 * </pre>
 */
final class RegistryLayout {
    private static final Pattern VERSION = Pattern.compile("v([1-9][0-9]{0,8})");
    private static final Pattern MOVE = Pattern.compile("([0-9]{6})\\.json");
    private static final Pattern CLAIM = Pattern.compile("(v[1-9][0-9]{0,8})\\.json");

    private final Path root;
    private final String alias;

    RegistryLayout(Path registry, String name, String alias) {
        this.root = new Path(registry, name);
        this.alias = alias;
    }

    Path root() {
        return root;
    }

    Path version(String version) {
        return new Path(root, version);
    }

    Path manifest(String version) {
        return new Path(version(version), RunLayout.MANIFEST);
    }

    Path claims() {
        return new Path(root, "claims");
    }

    Path claim(String version) {
        return new Path(claims(), version + ".json");
    }

    Path moves() {
        return new Path(new Path(root, "aliases"), alias);
    }

    Path move(int number) {
        return new Path(moves(), "%06d.json".formatted(number));
    }

    static String versionName(int number) {
        return "v" + number;
    }

    /** The number in a version's name; empty for another name. */
    static OptionalInt versionNumber(String name) {
        Matcher matcher = VERSION.matcher(name);
        return matcher.matches() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }

    /** The version that a claim's file name stands for; empty for another file. */
    static Optional<String> claimed(String fileName) {
        Matcher matcher = CLAIM.matcher(fileName);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /** The number in a move's file name; empty for another file. */
    static OptionalInt moveNumber(String fileName) {
        Matcher matcher = MOVE.matcher(fileName);
        return matcher.matches() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }
}
