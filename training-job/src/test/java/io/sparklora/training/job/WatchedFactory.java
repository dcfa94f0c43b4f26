package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.TaskGpu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.TaskContext;

/**
 * The little model, a little slow, in executors that say in a mapped file what they are doing: what was said last is there
 * after a kill -9, too.
 *
 * @param directory of the files, one a process
 */
record WatchedFactory(String directory) implements ProgramFactory {
    private static final long serialVersionUID = 1L;
    private static final Duration PAUSE = Duration.ofMillis(1);
    private static final int PHASE_AT = 0;
    private static final int RANK_AT = 1;
    private static final int BYTES = 2;

    /** What a rank does in a step. */
    enum Phase {
        FORWARD_BACKWARD,
        /** Sums, what follows from them, and what the ranks agree on. */
        REDUCTION
    }

    @Override
    public LossProgram open(Optional<Arithmetic> settled, TaskGpu gpu) {
        MappedByteBuffer said = map(ProcessHandle.current());
        said.put(RANK_AT, (byte) (1 + TaskContext.getPartitionId()));
        said.put(PHASE_AT, (byte) Phase.REDUCTION.ordinal());
        return new BigramProgram(LittleRun.VOCABULARY) {
            @Override
            public double forwardBackward(MicroBatch batch, float[] gradient) {
                said.put(PHASE_AT, (byte) Phase.FORWARD_BACKWARD.ordinal());
                LockSupport.parkNanos(PAUSE.toNanos());
                double loss = super.forwardBackward(batch, gradient);
                said.put(PHASE_AT, (byte) Phase.REDUCTION.ordinal());
                return loss;
            }
        };
    }

    @Override
    public float[] initialParameters(Storage storage) {
        return LittleRun.FACTORY.initialParameters(storage);
    }

    private MappedByteBuffer map(ProcessHandle process) {
        try {
            Path file = Files.createDirectories(Path.of(directory)).resolve(String.valueOf(process.pid()));
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                return channel.map(MapMode.READ_WRITE, 0, BYTES);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of a process that has opened the model, or had. */
    Watched of(ProcessHandle process) {
        return new Watched(map(process));
    }

    /** What one process says, as it says it. */
    record Watched(MappedByteBuffer said) {
        /** Negative where it has not opened the model. */
        int rank() {
            return said.get(RANK_AT) - 1;
        }

        Phase phase() {
            return Phase.values()[said.get(PHASE_AT)];
        }
    }
}
