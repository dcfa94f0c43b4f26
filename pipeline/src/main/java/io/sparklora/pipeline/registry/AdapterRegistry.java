package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.Storage;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * One adapter's immutable versions and the alias that names the one in production, on any Hadoop file system.
 *
 * <p>A version's number is claimed before it is written: the first to create the claim's file has it, and a later
 * attempt at the same run goes on with the number that the run has claimed. The files are written aside and moved into
 * place; the manifest is created last and exclusively, and makes the version exist. A number whose claimant never came
 * back stays unused. Any number of processes may publish at once. Thread-safe.
 */
public final class AdapterRegistry {
    private final Storage storage;
    private final String name;
    private final RegistryLayout layout;
    private final Alias alias;

    /**
     * @param registry the configuration's {@code storage.registry}
     * @param name the adapter's name
     * @param alias the pointer's name, such as {@code champion}
     */
    public AdapterRegistry(Storage storage, Path registry, String name, String alias) {
        this.storage = storage;
        this.name = name;
        this.layout = new RegistryLayout(registry, name, alias);
        this.alias = new Alias(storage, layout, alias);
    }

    /** The registry that a configuration publishes to. */
    public static AdapterRegistry of(RunConfig config, Storage storage) {
        return new AdapterRegistry(
                storage,
                new Path(config.storage().registry()),
                config.name(),
                config.publish().alias());
    }

    /** A version's directory, which PEFT, vLLM and their like load as it is. */
    public Path directory(String version) {
        return layout.version(version);
    }

    /** The names of all versions, the oldest first. */
    public List<String> versions() {
        return storage.list(layout.root()).stream()
                .map(entry -> entry.getPath().getName())
                .filter(entry -> RegistryLayout.versionNumber(entry).isPresent())
                .filter(entry -> storage.exists(layout.manifest(entry)))
                .sorted(Comparator.comparingInt(
                        entry -> RegistryLayout.versionNumber(entry).getAsInt()))
                .toList();
    }

    /** The last move of the alias, which says where it points; empty before the first publication. */
    public Optional<Move> champion() {
        return alias.current();
    }

    /** Every move of the alias, the first one first. */
    public List<Move> history() {
        return alias.history();
    }

    /**
     * A version, its files checked against the manifest's hashes.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where it is missing or damaged
     */
    public VersionManifest verified(String version) {
        VersionManifest manifest = manifest(version);
        for (FileEntry file : manifest.files()) {
            Path path = new Path(layout.version(version), file.path());
            long length = storage.length(path);
            if (length != file.bytes()) {
                throw damaged(path, length < 0 ? "is missing" : "has " + length + " bytes, not " + file.bytes());
            }
            String hash = storage.sha256(path);
            if (!hash.equals(file.sha256())) {
                throw damaged(path, "has SHA-256 " + hash + ", not " + file.sha256());
            }
        }
        return manifest;
    }

    /**
     * The version that a run was published as: one that the alias points at, or pointed at before. A version that was
     * rolled back stays published, so that a repeated run does not bring it back.
     */
    public Optional<VersionManifest> byRunKey(ContentKey runKey) {
        return alias.history().stream()
                .filter(move -> move.runKey().equals(runKey))
                .reduce((earlier, later) -> later)
                .map(move -> manifest(move.version()));
    }

    /** A version's line on the closing screen. */
    public StageResult.Summary summary(VersionManifest version) {
        boolean isPointedAt = alias.current()
                .filter(move -> move.version().equals(version.version()))
                .isPresent();
        return new StageResult.Summary(
                "published",
                version.name() + " " + version.version() + (isPointedAt ? " (" + alias.name() + ")" : ""),
                layout.version(version.version()).toString());
    }

    /**
     * Points the alias at a version.
     *
     * @param decidedAt the alias' last move when the version was judged
     * @throws StageFailure ({@link ExitCode#PUBLISH_CONFLICT}) where the alias has moved since; nothing is changed
     */
    public Move promote(VersionManifest version, Optional<Move> decidedAt) {
        return alias.move(decidedAt, version.version(), version.runKey());
    }

    /**
     * Adds a version with a number of its own, or finds the one that an earlier attempt at the same run has added.
     *
     * @param runKey the adapter's identity
     * @param source the directory that the files lie in
     * @param files the files to take, directly in the directory; what is read is checked against their hashes
     * @param manifest makes the manifest of the version's name
     */
    VersionManifest add(
            ContentKey runKey, Path source, List<FileEntry> files, Function<String, VersionManifest> manifest) {
        String version = claim(runKey);
        if (storage.exists(layout.manifest(version))) {
            return verified(version);
        }
        Path aside = new Path(layout.version(version), "_attempt-" + UUID.randomUUID());
        try {
            files.forEach(file -> copy(new Path(source, file.path()), new Path(aside, file.path()), file));
            files.forEach(
                    file -> storage.move(new Path(aside, file.path()), new Path(layout.version(version), file.path())));
        } finally {
            storage.delete(aside);
        }
        VersionManifest made = manifest.apply(version);
        // Another attempt at the same run may have come first: its bytes are the same, and its manifest stays.
        return storage.createIfAbsent(layout.manifest(version), Json.bytes(made)) ? made : verified(version);
    }

    private void copy(Path from, Path to, FileEntry file) {
        storage.copy(from, to);
        String hash = storage.sha256(to);
        if (!hash.equals(file.sha256())) {
            throw damaged(from, "has SHA-256 " + hash + ", not " + file.sha256());
        }
    }

    /** The version that this run has claimed, now or before. */
    private String claim(ContentKey runKey) {
        Claim claim = new Claim(runKey);
        int highest = 0;
        for (String version : claimed()) {
            if (Claim.read(storage, layout.claim(version)).equals(Optional.of(claim))) {
                return version;
            }
            highest = Math.max(highest, RegistryLayout.versionNumber(version).orElseThrow());
        }
        for (int number = highest + 1; ; number++) {
            String version = RegistryLayout.versionName(number);
            Path file = layout.claim(version);
            if (storage.createIfAbsent(file, Json.bytes(claim))
                    || Claim.read(storage, file).equals(Optional.of(claim))) {
                return version;
            }
        }
    }

    /** Every number that is taken, also by a version whose claim was not copied with it. */
    private Set<String> claimed() {
        Set<String> claimed = new TreeSet<>(versions());
        for (FileStatus entry : storage.list(layout.claims())) {
            RegistryLayout.claimed(entry.getPath().getName()).ifPresent(claimed::add);
        }
        return claimed;
    }

    private VersionManifest manifest(String version) {
        if (RegistryLayout.versionNumber(version).isEmpty() || storage.length(layout.manifest(version)) < 0) {
            throw new StageFailure(ExitCode.MISMATCH, layout.root() + " has no version '" + version + "'");
        }
        Path file = layout.manifest(version);
        VersionManifest manifest = Json.parse(VersionManifest.class, storage.read(file), file);
        if (!manifest.version().equals(version) || !manifest.name().equals(name)) {
            throw damaged(file, "describes " + manifest.name() + " " + manifest.version());
        }
        return manifest;
    }

    private static StageFailure damaged(Path path, String how) {
        return new StageFailure(ExitCode.MISMATCH, path + " is damaged: it " + how);
    }

    /**
     * Who took a version's number.
     *
     * @param runKey the run
     */
    record Claim(ContentKey runKey) {
        /** The claim in a file; empty where it can't be read, which is somebody else's claim. */
        static Optional<Claim> read(Storage storage, Path file) {
            if (storage.length(file) < 0) {
                return Optional.empty();
            }
            try {
                return Optional.of(Json.parse(Claim.class, storage.read(file), file));
            } catch (StageFailure e) {
                if (e.exitCode() == ExitCode.MISMATCH) {
                    return Optional.empty();
                }
                throw e;
            }
        }
    }
}
