package io.sparklora.training.model;

import java.io.Serializable;

/**
 * What a program does where it computes gradients, and only there.
 *
 * @param dropout share of the branches' input that is dropped, in [0, 1)
 * @param segment layers whose activations are held at a time, at least 1: the others' are computed again in the backward pass,
 *     from the input of each segment, which is kept (activation checkpointing, Chen et al. 2016, arXiv 1604.06174); 0 holds
 *     those of all layers. The gradient's bits do not depend on it
 */
public record TrainingOptions(double dropout, int segment) implements Serializable {
    /** No dropout, all activations held. */
    public static final TrainingOptions PLAIN = new TrainingOptions(0, 0);

    /** Checks the ranges. */
    public TrainingOptions {
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be in [0, 1) but was " + dropout);
        }
        if (segment < 0) {
            throw new IllegalArgumentException(
                    "a segment must have at least 1 layer, or 0 for all, but was " + segment);
        }
    }

    /** How many of a model's layers have room for their activations. */
    int heldLayers(int layers) {
        return segment == 0 ? layers : Math.min(segment, layers);
    }
}
