package io.sparklora.training.model;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.run.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's cache of base weights, dequantised once and memory-mapped by every process that trains or evaluates.
 *
 * <p>One directory a base model and type, {@code <content hash>-<type>-v1}, with two files of plain numbers and an
 * {@code index.json}. It is written aside under a file lock and renamed into place, so that any number of processes may
 * ask at once, one of them builds, and nobody sees half of it. On opening, sizes and CRC-32C of all bytes are checked:
 * the pages are read for training anyway, the check runs at several GB/s, and one flipped bit in a long-lived cache would
 * otherwise change adapters without a sign. A damaged cache is built anew, with a warning. Thread-safe.
 */
final class BaseWeightCache {
    private static final Logger LOG = LoggerFactory.getLogger(BaseWeightCache.class);
    private static final int FORMAT = 1;
    private static final String INDEX = "index.json";
    private static final String LINEAR = "linear.bin";
    private static final String NORMS = "norms.bin";
    private static final int WINDOW_BYTES = 1 << 20;

    /** File locks are a process's, not a thread's. */
    private static final Object IN_PROCESS = new Object();

    private final Path directory;

    /** @param directory where caches of all base models lie; created if need be */
    BaseWeightCache(Path directory) {
        this.directory = directory;
    }

    /**
     * The weights of a base model, built if they are not there or damaged.
     *
     * @throws UncheckedIOException where the cache cannot be written or read
     */
    BaseWeights open(BaseModel model, WeightType type) {
        String name = model.contentHash() + "-" + type.configName() + "-v" + FORMAT;
        Path target = directory.resolve(name);
        try {
            Files.createDirectories(directory);
            if (!intact(target, model, type)) {
                buildOnce(name, target, model, type);
            }
            return new BaseWeights(
                    model.shape(),
                    model.contentHash(),
                    type,
                    target.resolve(LINEAR),
                    WeightPlan.of(model.shape(), type),
                    target.resolve(NORMS));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep base weights in " + directory + ": " + e.getMessage(), e);
        }
    }

    private void buildOnce(String name, Path target, BaseModel model, WeightType type) throws IOException {
        synchronized (IN_PROCESS) {
            Path lockFile = directory.resolve(name + ".lock");
            try (FileChannel channel =
                    FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                // Closing the channel gives the lock back.
                channel.lock();
                if (!intact(target, model, type)) {
                    build(target, directory.resolve(name + ".partial"), model, type);
                }
            }
        }
    }

    /** The caller holds the lock: whatever else lies at the two paths was left by a killed process or is damaged. */
    private static void build(Path target, Path aside, BaseModel model, WeightType type) throws IOException {
        delete(aside);
        Files.createDirectory(aside);
        try {
            Files.write(aside.resolve(INDEX), Json.bytes(write(aside, model, type)));
            delete(target);
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            delete(aside);
            throw e;
        }
    }

    private static WeightIndex write(Path aside, BaseModel model, WeightType type) throws IOException {
        try (WeightFileWriter linear = new WeightFileWriter(model, type, aside.resolve(LINEAR));
                WeightFileWriter norms = new WeightFileWriter(model, WeightType.FP32, aside.resolve(NORMS))) {
            WeightPlan plan = WeightPlan.of(model.shape(), type);
            for (WeightPlan.Group group : plan.groups()) {
                linear.padTo(group.offset());
                group.tensors().forEach(linear::append);
            }
            WeightPlan.vectors(model.shape()).forEach(norms::append);
            return new WeightIndex(
                    FORMAT, model.contentHash().sha256(), type, List.of(linear.finish(), norms.finish()));
        }
    }

    private static boolean intact(Path target, BaseModel model, WeightType type) {
        Path file = target.resolve(INDEX);
        try {
            WeightIndex index = Json.parse(
                    WeightIndex.class, Files.readAllBytes(file), new org.apache.hadoop.fs.Path(file.toUri()));
            requireSame(file, "format", index.format(), FORMAT);
            requireSame(file, "type", index.type(), type);
            requireSame(file, "base", index.base(), model.contentHash().sha256());
            requireSame(
                    file,
                    "files",
                    index.files().stream().map(WeightIndex.File::name).toList(),
                    List.of(LINEAR, NORMS));
            for (WeightIndex.File entry : index.files()) {
                check(target.resolve(entry.name()), entry);
            }
            return true;
        } catch (NoSuchFileException e) {
            if (Files.exists(target)) {
                LOG.warn("the cache of base weights {} lacks {} and is built anew", target, e.getFile());
            }
            return false;
        } catch (IOException | StageFailure e) {
            LOG.warn("the cache of base weights {} is damaged and is built anew: {}", target, e.getMessage());
            return false;
        }
    }

    private static void requireSame(Path file, String key, Object found, Object expected) throws IOException {
        if (!found.equals(expected)) {
            throw new IOException(file + " has " + key + " " + found + ", not " + expected);
        }
    }

    private static void check(Path file, WeightIndex.File expected) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() != expected.bytes()) {
                throw new IOException(file + " has " + channel.size() + " bytes, not " + expected.bytes());
            }
            CRC32C checksum = new CRC32C();
            ByteBuffer window = ByteBuffer.allocateDirect(WINDOW_BYTES);
            while (channel.read(window) >= 0) {
                checksum.update(window.flip());
                window.clear();
            }
            if (checksum.getValue() != expected.crc32c()) {
                throw new IOException(file + " has CRC-32C " + checksum.getValue() + ", not " + expected.crc32c());
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> below = Files.walk(directory)) {
            for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
