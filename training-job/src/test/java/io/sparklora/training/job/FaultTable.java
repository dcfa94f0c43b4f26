package io.sparklora.training.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/** Runs faults again and again, each with a seed of its own, and keeps the table of what held. */
final class FaultTable {
    private static final int MOST_RUNS = Integer.getInteger("faults.runs", Integer.MAX_VALUE);
    private static final long SEED = Long.getLong("faults.seed", 1);
    private static final Path TABLE = Path.of(System.getProperty("faults.table", "target/faults.txt"));

    private FaultTable() {}

    /** One fault, and what must hold after it. */
    @FunctionalInterface
    interface Fault {
        /** Throws where it did not hold; returns what there is to measure, if there is anything. */
        List<Figure> run(Random random) throws Exception;
    }

    /** Something measured: {@code found after 21.5 s}. */
    record Figure(String what, double value, String unit) {
        private static final String RUNS = "runs";

        /** Something that happened in a run: {@code while saving: 7 runs}. */
        static Figure happened(String what) {
            return new Figure(what + ":", 1, RUNS);
        }

        private boolean isCount() {
            return unit.equals(RUNS);
        }
    }

    /**
     * Makes the runs of a row, unless fewer were asked for, and writes the row.
     *
     * @throws AssertionError with the seed to repeat the first run that did not hold
     */
    static void row(String fault, int runs, Fault body) {
        int asked = Math.min(runs, MOST_RUNS);
        int held = 0;
        AssertionError first = null;
        List<Figure> figures = new ArrayList<>();
        StringJoiner seeds = new StringJoiner(", ", "  FAILED with the seeds ", "").setEmptyValue("");
        for (int run = 0; run < asked; run++) {
            long seed = SEED + run;
            try {
                figures.addAll(body.run(new Random(seed)));
                held++;
            } catch (Exception | AssertionError e) {
                AssertionError failure = new AssertionError(
                        fault + ": did not hold; to repeat it: bin/faults --runs 1 --seed " + seed, e);
                seeds.add(String.valueOf(seed));
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
            }
        }
        write(String.format(Locale.ROOT, "%-64s %5d %5d  %s%n", fault, asked, held, summary(figures) + seeds));
        if (first != null) {
            throw first;
        }
    }

    private static String summary(List<Figure> figures) {
        Map<String, List<Figure>> byName = new LinkedHashMap<>();
        figures.forEach(figure ->
                byName.computeIfAbsent(figure.what(), what -> new ArrayList<>()).add(figure));
        return byName.values().stream().map(FaultTable::summaryOfOne).collect(Collectors.joining("; "));
    }

    private static String summaryOfOne(List<Figure> figures) {
        double[] sorted = figures.stream().mapToDouble(Figure::value).sorted().toArray();
        Figure first = figures.get(0);
        if (first.isCount()) {
            return first.what() + " " + sorted.length + " " + first.unit();
        }
        String median = String.format(Locale.ROOT, "%s %.1f %s", first.what(), sorted[sorted.length / 2], first.unit());
        return sorted.length == 1
                ? median
                : median + String.format(Locale.ROOT, " in the median, %.1f at most", sorted[sorted.length - 1]);
    }

    private static void write(String line) {
        try {
            Files.createDirectories(TABLE.toAbsolutePath().getParent());
            Files.writeString(TABLE, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
