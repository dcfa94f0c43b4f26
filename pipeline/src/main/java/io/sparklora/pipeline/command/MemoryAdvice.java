package io.sparklora.pipeline.command;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.command.MemoryEstimate.Load;
import io.sparklora.pipeline.config.RunConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether ranks have room for what they need, and which settings would make it fit where they have not.
 *
 * @param config the run
 * @param base its model
 * @param machineBytes this machine's memory, which ranks share where the master is local
 */
record MemoryAdvice(RunConfig config, BaseModel base, long machineBytes) {
    private static final String OVERHEAD = "spark.executor.memoryOverhead";
    private static final Pattern SIZE = Pattern.compile("([0-9]+)([kmgt]?)b?", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "kmgt";
    private static final int LEAST_LENGTH = 64;
    private static final double MEBIBYTE = 1 << 20;

    /** What does not fit and what would help, one line each; none where all fits or nothing is known of the executors. */
    List<String> shortages() {
        List<String> shortages = new ArrayList<>();
        MemoryEstimate estimate = MemoryEstimate.of(config, base);
        String heap =
                isInDriver() ? config.spark().driverMemory() : config.spark().executorMemory();
        if (estimate.heapBytes() > bytes(heap).orElse(Long.MAX_VALUE)) {
            shortages.add(String.format(
                    Locale.ROOT,
                    "%s heap of %s is too small for vectors of %,d trained numbers: set spark.%s-memory to %dm",
                    isInDriver() ? "the driver's" : "an executor's",
                    heap,
                    estimate.parameters(),
                    isInDriver() ? "driver" : "executor",
                    (long) Math.ceil(estimate.heapBytes() / MEBIBYTE)));
        }
        if (estimate.driverHeapBytes() > bytes(config.spark().driverMemory()).orElse(Long.MAX_VALUE)) {
            shortages.add(String.format(
                    Locale.ROOT,
                    "the driver's heap of %s is too small for vectors of %,d trained numbers: set spark.driver-memory to %dm",
                    config.spark().driverMemory(),
                    estimate.parameters(),
                    (long) Math.ceil(estimate.driverHeapBytes() / MEBIBYTE)));
        }
        long room = room(estimate);
        if (estimate.nativeBytes() > room) {
            shortages.add(String.format(
                    Locale.ROOT,
                    "a rank needs %,.0f MiB besides its heap but has %,.0f (%s): %s",
                    estimate.nativeBytes() / MEBIBYTE,
                    Math.max(0, room) / MEBIBYTE,
                    isLocal() ? "its share of this machine" : "spark.conf." + OVERHEAD,
                    remedy(room).map(settings -> "set " + settings).orElse("no smaller micro-batch would fit")));
        }
        return List.copyOf(shortages);
    }

    private boolean isLocal() {
        return config.spark().master().startsWith("local");
    }

    /** Under {@code local[N]} the only executor is the driver itself; {@code local} starts processes of their own. */
    private boolean isInDriver() {
        return config.spark().master().startsWith("local[");
    }

    /** Bytes outside the heap that a rank may take, the base included. */
    private long room(MemoryEstimate estimate) {
        if (!isLocal()) {
            return Optional.ofNullable(config.spark().conf().get(OVERHEAD))
                    .map(MemoryAdvice::overhead)
                    .orElse(Long.MAX_VALUE);
        }
        int processes = isInDriver() ? 0 : config.train().executors();
        long heaps = processes * bytes(config.spark().executorMemory()).orElse(0)
                + bytes(config.spark().driverMemory()).orElse(0);
        return (machineBytes - heaps - estimate.baseBytes()) / Math.max(1, processes) + estimate.baseBytes();
    }

    /** Spark takes a number without a unit for MiB. */
    private static long overhead(String size) {
        return bytes(size.matches("[0-9]+") ? size + "m" : size).orElse(Long.MAX_VALUE);
    }

    private static OptionalLong bytes(String size) {
        Matcher parts = SIZE.matcher(size.strip());
        if (!parts.matches()) {
            return OptionalLong.empty();
        }
        int unit =
                parts.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(parts.group(2).toLowerCase(Locale.ROOT));
        return OptionalLong.of(Long.parseLong(parts.group(1)) << (10 * unit));
    }

    /**
     * The first settings that fit, in the order of what they cost: fewer rows at a time, which cost next to nothing;
     * activations computed again, a third more time; shorter sequences, which change the dataset.
     */
    private Optional<String> remedy(long room) {
        Load now = Load.of(config);
        // Halves of a sequence that hold too little to learn from are no remedy; its own length always is.
        for (int length = now.length(); length == now.length() || length >= LEAST_LENGTH; length /= 2) {
            for (int held : held(now)) {
                for (int rows = now.rows(); rows >= 1; rows--) {
                    Load load = new Load(rows, length, held);
                    if (config.train().batch().sequences() % rows == 0
                            && MemoryEstimate.of(config, base, load).nativeBytes() <= room) {
                        return Optional.of(settings(now, load));
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** As it is, then ever fewer layers at a time. */
    private List<Integer> held(Load now) {
        int layers = base.shape().layers();
        List<Integer> held = new ArrayList<>(List.of(now.heldLayers()));
        int most = now.heldLayers() == 0 ? layers : now.heldLayers();
        for (int count = most / 2; count >= 1; count /= 2) {
            held.add(count);
        }
        return held;
    }

    private static String settings(Load now, Load then) {
        List<String> settings = new ArrayList<>();
        if (then.rows() != now.rows()) {
            settings.add("train.batch.micro to " + then.rows());
        }
        if (then.heldLayers() != now.heldLayers()) {
            settings.add("train.batch.activation-checkpointing to " + then.heldLayers());
        }
        if (then.length() != now.length()) {
            settings.add("prepare.sequence.length to " + then.length());
        }
        return String.join(" and ", settings);
    }
}
