package io.sparklora.training.checkpoint;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsWriter;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run, a directory {@code step-N} each.
 *
 * <p>A checkpoint is a {@link StageTransaction}: written aside, its manifest last, so that a process killed at any
 * moment leaves the ones before untouched. The newest two are kept. Reading checks every hash; a checkpoint that is
 * damaged, incomplete or of another run is skipped with a warning that says why, and the one before is taken.
 *
 * <p>Only one rank of one attempt writes. A rank of a lost attempt that still writes does no harm: the same step of the
 * same run is the same adapter. Not thread-safe.
 */
public final class Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final int KEPT = 2;
    private static final Pattern NAME = Pattern.compile("step-[0-9]{12}");

    private static final String PARAMETERS = "adapter";
    private static final String FIRST_MOMENT = "first-moment";
    private static final String SECOND_MOMENT = "second-moment";
    private static final String MILESTONE = "milestone-";
    private static final String BEST = "best-";
    private static final String HISTORY_FILE = "history.jsonl";

    private final Storage storage;
    private final Path directory;
    private final RunIdentity identity;
    private final int batchSequences;

    /**
     * @param directory of this run's checkpoints; need not exist
     * @param batchSequences sequences of a step
     */
    public Checkpoints(Storage storage, Path directory, RunIdentity identity, int batchSequences) {
        this.storage = storage;
        this.directory = directory;
        this.identity = identity;
        this.batchSequences = batchSequences;
    }

    /** Saves a state and removes those that are older than the one before it. */
    public void save(TrainingState state) {
        Path target = path(state.step());
        StageTransaction.sweep(storage, target);
        try (StageTransaction transaction = StageTransaction.begin(storage, target)) {
            Path work = transaction.workDirectory();
            writeSnapshot(work, "", state.current());
            if (state.milestone().step() != state.step()) {
                writeSnapshot(work, MILESTONE, state.milestone());
            }
            state.best()
                    .filter(best -> best.step() != state.step())
                    .ifPresent(best -> writeVector(work, BEST + PARAMETERS, best.parameters()));
            storage.create(new Path(work, HISTORY_FILE), historyBytes(state.history()));
            transaction.commit(files -> new CheckpointManifest(
                    CheckpointManifest.SCHEMA_VERSION,
                    identity,
                    state.step(),
                    state.step() * batchSequences,
                    state.updates(),
                    new CheckpointManifest.Milestone(
                            state.milestone().step(), state.milestone().updates()),
                    state.best().map(BestAdapter::step),
                    state.arithmetic(),
                    state.parameters().length,
                    files));
        }
        prune(target.getName());
    }

    /**
     * Keeps the one just saved and the newest whole one below it. Those above it are left alone: they are damaged or
     * another run's, or this process belongs to a lost attempt and the run has gone on without it.
     */
    private void prune(String saved) {
        int kept = 0;
        for (String name : names()) {
            Path checkpoint = new Path(directory, name);
            boolean below = name.compareTo(saved) <= 0;
            if (below && (kept == KEPT || !storage.exists(new Path(checkpoint, RunLayout.MANIFEST)))) {
                storage.delete(checkpoint);
            } else if (below) {
                kept++;
            }
        }
    }

    private void writeSnapshot(Path work, String prefix, Snapshot snapshot) {
        writeVector(work, prefix + PARAMETERS, snapshot.parameters());
        writeVector(work, prefix + FIRST_MOMENT, snapshot.firstMoment());
        writeVector(work, prefix + SECOND_MOMENT, snapshot.secondMoment());
    }

    private void writeVector(Path work, String name, float[] values) {
        SafetensorsWriter writer = new SafetensorsWriter().add(name, List.of((long) values.length), values);
        storage.create(new Path(work, file(name)), writer::writeTo);
    }

    private static byte[] historyBytes(List<StepRecord> history) {
        StringBuilder lines = new StringBuilder();
        history.forEach(step -> lines.append(Json.line(step)).append('\n'));
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * The newest state that is whole and of this run; empty where there is none.
     *
     * @throws StageFailure ({@link ExitCode#RETRYABLE}) where the storage fails, which says nothing about a checkpoint
     */
    public Optional<TrainingState> latest() {
        for (String name : names()) {
            try {
                return Optional.of(read(new Path(directory, name)));
            } catch (StageFailure e) {
                if (e.exitCode() != ExitCode.MISMATCH) {
                    throw e;
                }
                LOG.warn("skipped a checkpoint: {}", e.getMessage());
            }
        }
        return Optional.empty();
    }

    /**
     * The state after {@code step} steps.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where it is missing, damaged or of another run
     */
    public TrainingState load(long step) {
        return read(path(step));
    }

    private TrainingState read(Path checkpoint) {
        Path manifestFile = new Path(checkpoint, RunLayout.MANIFEST);
        if (!storage.exists(manifestFile)) {
            throw refusal(checkpoint, "it was never finished (no " + RunLayout.MANIFEST + ")");
        }
        CheckpointManifest manifest = Json.parse(CheckpointManifest.class, storage.read(manifestFile), manifestFile);
        if (manifest.schemaVersion() != CheckpointManifest.SCHEMA_VERSION) {
            throw refusal(checkpoint, "its schema_version is " + manifest.schemaVersion());
        }
        if (!manifest.identity().equals(identity)) {
            throw refusal(checkpoint, "it belongs to " + manifest.identity() + " and not to " + identity);
        }
        try {
            Snapshot current = readSnapshot(checkpoint, manifest, "", manifest.step(), manifest.updates());
            CheckpointManifest.Milestone milestone = manifest.milestone();
            return new TrainingState(
                    current,
                    milestone.step() == current.step()
                            ? current.copy()
                            : readSnapshot(checkpoint, manifest, MILESTONE, milestone.step(), milestone.updates()),
                    manifest.best().map(step -> readBest(checkpoint, manifest, step, current)),
                    readHistory(checkpoint, manifest),
                    manifest.arithmetic());
        } catch (IllegalArgumentException e) {
            throw refusal(checkpoint, e.getMessage());
        }
    }

    private Snapshot readSnapshot(
            Path checkpoint, CheckpointManifest manifest, String prefix, long step, long updates) {
        return new Snapshot(
                step,
                updates,
                readVector(checkpoint, manifest, prefix + PARAMETERS),
                readVector(checkpoint, manifest, prefix + FIRST_MOMENT),
                readVector(checkpoint, manifest, prefix + SECOND_MOMENT));
    }

    private BestAdapter readBest(Path checkpoint, CheckpointManifest manifest, long step, Snapshot current) {
        return new BestAdapter(
                step,
                step == current.step()
                        ? current.parameters().clone()
                        : readVector(checkpoint, manifest, BEST + PARAMETERS));
    }

    private float[] readVector(Path checkpoint, CheckpointManifest manifest, String name) {
        byte[] bytes = readVerified(checkpoint, manifest, file(name));
        try (SafetensorsFile tensors = SafetensorsFile.parse(bytes, new Path(checkpoint, file(name)).toString())) {
            return tensors.floats(name);
        } catch (InvalidBaseModelException e) {
            throw refusal(checkpoint, e.getMessage());
        }
    }

    private List<StepRecord> readHistory(Path checkpoint, CheckpointManifest manifest) {
        String lines = new String(readVerified(checkpoint, manifest, HISTORY_FILE), StandardCharsets.UTF_8);
        List<StepRecord> history = new ArrayList<>();
        lines.lines()
                .map(line -> line.getBytes(StandardCharsets.UTF_8))
                .forEach(line -> history.add(Json.parse(StepRecord.class, line, new Path(checkpoint, HISTORY_FILE))));
        return history;
    }

    private byte[] readVerified(Path checkpoint, CheckpointManifest manifest, String name) {
        Path path = new Path(checkpoint, name);
        FileEntry entry = manifest.files().stream()
                .filter(file -> file.path().equals(name))
                .findFirst()
                .orElseThrow(() -> refusal(checkpoint, "its manifest lacks " + name));
        if (!storage.exists(path)) {
            throw refusal(checkpoint, name + " is missing");
        }
        byte[] bytes = storage.read(path);
        if (bytes.length != entry.bytes() || !sha256(bytes).equals(entry.sha256())) {
            throw refusal(
                    checkpoint,
                    name + " is damaged: its " + bytes.length + " bytes are not the " + entry.bytes()
                            + " that were written");
        }
        return bytes;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private static StageFailure refusal(Path checkpoint, @Nullable String why) {
        return new StageFailure(ExitCode.MISMATCH, checkpoint + ": " + why);
    }

    /** Newest first. */
    private List<String> names() {
        List<String> names = new ArrayList<>(storage.list(directory).stream()
                .map(status -> status.getPath().getName())
                .filter(name -> NAME.matcher(name).matches())
                .toList());
        Collections.reverse(names);
        return names;
    }

    private Path path(long step) {
        return new Path(directory, "step-%012d".formatted(step));
    }

    private static String file(String vector) {
        return vector + ".safetensors";
    }
}
