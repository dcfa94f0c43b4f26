package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.command.Examination.Finding;
import io.sparklora.pipeline.run.Storage;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.fs.Path;

/**
 * Looks whether a location can hold runs and a registry: whether it can be written, and whether one of many who create a
 * file gets it. Leaves nothing behind.
 */
final class StorageExamination {
    private static final String TOPIC = "storage";
    /** Those who create a file at once. */
    static final int WRITERS = 8;

    private static final byte[] BYTES = "doctor".getBytes(StandardCharsets.UTF_8);

    private final Storage storage;

    StorageExamination(Storage storage) {
        this.storage = storage;
    }

    Finding of(String location) {
        try {
            Path directory = new Path(location);
            // It would copy to the name, and two who look at once both find it free.
            if ("s3a".equals(storage.of(directory).getUri().getScheme()) && !storage.writesConditionally(directory)) {
                return Finding.missing(
                        TOPIC,
                        location + " has no conditional writes",
                        "take a Spark with Hadoop 3.4.2 or newer, and leave fs.s3a.create.conditional.enabled on");
            }
            int created = race(location);
            return created == 1
                    ? Finding.ok(TOPIC, location + " can be written, and lets one of " + WRITERS + " create a file")
                    : Finding.missing(
                            TOPIC,
                            location + " lets " + created + " of " + WRITERS + " writers create one file",
                            "take another store, or see docs/storage.md");
        } catch (StageFailure | IllegalArgumentException e) {
            return Finding.missing(
                    TOPIC,
                    String.valueOf(e.getMessage()),
                    "see docs/storage.md for the jars and settings of HDFS and S3; pass settings with --conf");
        }
    }

    /** How many of those who create a file at once believe that they did. */
    private int race(String location) {
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
        CyclicBarrier start = new CyclicBarrier(WRITERS);
        try (StorageProbe probe = StorageProbe.in(storage, location)) {
            Callable<Boolean> writer = () -> {
                start.await();
                return storage.createIfAbsent(probe.file(), BYTES);
            };
            int created = 0;
            for (Future<Boolean> answer : threads.invokeAll(Collections.nCopies(WRITERS, writer))) {
                created += answer.get() ? 1 : 0;
            }
            return created;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StageFailure(ExitCode.RETRYABLE, "interrupted while looking at " + location, e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof StageFailure failure ? failure : new IllegalStateException(e);
        } finally {
            threads.shutdown();
        }
    }
}
