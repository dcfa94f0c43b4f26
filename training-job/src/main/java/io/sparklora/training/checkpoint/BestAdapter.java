package io.sparklora.training.checkpoint;

/**
 * The adapter with the lowest validation loss so far. The array is taken over, not copied.
 *
 * @param step steps made by then, at least 1
 * @param parameters its flat vector
 */
public record BestAdapter(long step, float[] parameters) {
    /** The same with an array of its own. */
    public BestAdapter copy() {
        return new BestAdapter(step, parameters.clone());
    }
}
