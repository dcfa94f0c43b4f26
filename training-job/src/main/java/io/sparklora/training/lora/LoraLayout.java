package io.sparklora.training.lora;

import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The order of all trainable parameters in one flat fp32 vector.
 *
 * <p>Layer after layer, each layer A of q k v | o | gate up | down, then B of q k v o gate up down; targets that are
 * not trained are left out. The A matrices of layers that read the same input are so one [k * r, input] view, which one
 * matrix product serves. The layout depends only on shape, rank and targets, so every rank and every restart agrees.
 */
public final class LoraLayout {
    private static final int MAX_RANK = 1024;

    private final int rank;
    private final Set<LoraTarget> targets;
    private final List<LoraEntry> entries;
    private final int parameterCount;

    private LoraLayout(int rank, Set<LoraTarget> targets, List<LoraEntry> entries, int parameterCount) {
        this.rank = rank;
        this.targets = targets;
        this.entries = entries;
        this.parameterCount = parameterCount;
    }

    /**
     * Lays out A and B of every target in every layer.
     *
     * @param rank r, from 1 to 1024 and at most the model's hidden size
     * @param targets at least one, as from {@link LoraTarget#parse}
     * @throws IllegalArgumentException where the rank or the targets are out of range, or the vector would pass
     *     2^31 - 1 elements
     */
    public static LoraLayout of(DecoderShape shape, int rank, Collection<LoraTarget> targets) {
        int highest = Math.min(MAX_RANK, shape.hiddenSize());
        if (rank < 1 || rank > highest) {
            throw new IllegalArgumentException("LoRA rank must be in [1, " + highest + "] but was " + rank);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("LoRA needs at least one target");
        }
        Set<LoraTarget> ordered = Collections.unmodifiableSet(EnumSet.copyOf(targets));
        List<LoraEntry> entries = new ArrayList<>();
        long offset = 0;
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (LoraMatrix matrix : LoraMatrix.values()) {
                for (LoraTarget target : ordered) {
                    LoraEntry entry = entry(shape, rank, layer, target, matrix, offset);
                    entries.add(entry);
                    offset += entry.elements();
                }
            }
        }
        return new LoraLayout(rank, ordered, List.copyOf(entries), fitting(offset));
    }

    private static LoraEntry entry(
            DecoderShape shape, int rank, int layer, LoraTarget target, LoraMatrix matrix, long offset) {
        int rows = matrix == LoraMatrix.A ? rank : target.outputSize(shape);
        int columns = matrix == LoraMatrix.A ? target.inputSize(shape) : rank;
        fitting((long) rows * columns);
        return new LoraEntry(layer, target, matrix, rows, columns, fitting(offset));
    }

    private static int fitting(long elements) {
        if (elements > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "an adapter may have at most 2^31 - 1 parameters but would have " + elements + " or more");
        }
        return (int) elements;
    }

    /** The rank r of every branch. */
    public int rank() {
        return rank;
    }

    /** The trained layers in vector order, unmodifiable. */
    public Set<LoraTarget> targets() {
        return targets;
    }

    /** Every matrix in vector order, without gaps, unmodifiable. */
    public List<LoraEntry> entries() {
        return entries;
    }

    /** Length of the flat vector. */
    public int parameterCount() {
        return parameterCount;
    }
}
