package io.sparklora.training.checkpoint;

/**
 * The adapter with the lowest validation loss so far. The array is taken over, not copied, and never changed.
 *
 * @param step steps made by then, at least 1
 * @param parameters its flat vector
 */
public record BestAdapter(long step, float[] parameters) {}
