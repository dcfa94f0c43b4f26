package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Every weight of a Hugging Face model replaced by what one flat vector has for it, in whatever matrices the family's
 * checkpoints keep it: fused, in another order of rows, or transposed ({@link FamilyNames}). The inverse of
 * {@link BaseModel#read}.
 */
public final class ReplacedWeights implements WeightChanges {
    private final Map<String, List<Part>> parts;
    private final float[] values;

    private ReplacedWeights(Map<String, List<Part>> parts, float[] values) {
        this.parts = parts;
        this.values = values;
    }

    /**
     * A weight's place in a stored tensor and in the vector.
     *
     * @param offset index of its first value in the vector; the rows follow one another
     * @param weight its sizes
     * @param order how the stored tensor keeps its rows
     */
    private record Part(int offset, DecoderTensors.Expected weight, RowOrder order) {}

    /**
     * Replaces all weights.
     *
     * @param offsets of each weight of the shape, by {@link BaseModel}'s name, the index of its first value
     * @param values the vector; must not change before the model is written
     * @throws IllegalArgumentException where a weight has no offset
     */
    public static ReplacedWeights of(DecoderShape shape, Map<String, Integer> offsets, float[] values) {
        FamilyNames names = FamilyNames.of(shape);
        Map<String, List<Part>> parts = new HashMap<>();
        for (DecoderTensors.Expected weight : DecoderTensors.of(shape)) {
            FamilyNames.Stored stored = names.stored(weight, shape);
            int offset = Optional.ofNullable(offsets.get(weight.name()))
                    .orElseThrow(() -> new IllegalArgumentException("there is nothing to replace " + weight.name()));
            parts.computeIfAbsent(stored.name(), name -> new ArrayList<>())
                    .add(new Part(offset, weight, stored.order()));
        }
        return new ReplacedWeights(Map.copyOf(parts), values);
    }

    /**
     * Holds the replacements against the model that is to be written.
     *
     * @param weights its own, as {@link ModelRewrite#weights} names them
     * @throws IllegalArgumentException where one to be replaced is not among them
     */
    public void check(List<BaseTensor> weights) {
        TreeSet<String> missing = new TreeSet<>(parts.keySet());
        weights.forEach(weight -> missing.remove(weight.name()));
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the model's files have no tensors " + missing);
        }
    }

    @Override
    public boolean contains(String weight) {
        return parts.containsKey(weight);
    }

    @Override
    public RowChange of(BaseTensor weight, Rows unchanged) {
        List<Part> own = parts.getOrDefault(weight.name(), List.of());
        int columns = weight.columns();
        return (firstRow, rows, target) -> {
            for (Part part : own) {
                if (part.order() instanceof RowOrder.Runs runs) {
                    copy(part, runs, firstRow * columns, rows * columns, target);
                } else if (part.order() instanceof RowOrder.Transposed turned) {
                    copy(part, turned, Math.toIntExact(firstRow), rows, target);
                }
            }
        };
    }

    /** Copies the runs, or pieces of runs, that lie among so many stored elements from the first on. */
    private void copy(Part part, RowOrder.Runs runs, long first, int elements, double[] target) {
        long own = (long) part.weight().rows() * part.weight().columns();
        long run = runs.stride() == 0 ? 0 : Math.max(0, (first - runs.first()) / runs.stride());
        do {
            long start = runs.first() + run * runs.stride();
            long done = run == 0 ? 0 : run * runs.run();
            long from = Math.max(start, first);
            long end = Math.min(start + Math.min(runs.run(), own - done), first + elements);
            for (long at = from; at < end; at++) {
                target[(int) (at - first)] = values[(int) (part.offset() + done + at - start)];
            }
            run++;
        } while (runs.stride() > 0 && run * runs.run() < own && runs.first() + run * runs.stride() < first + elements);
    }

    /** Each stored row has one element of each of the weight's rows. */
    private void copy(Part part, RowOrder.Transposed turned, int firstRow, int rows, double[] target) {
        int inputs = part.weight().columns();
        for (int row = 0; row < rows; row++) {
            for (int output = 0; output < part.weight().rows(); output++) {
                target[row * turned.columns() + turned.first() + output] =
                        values[part.offset() + output * inputs + firstRow + row];
            }
        }
    }
}
