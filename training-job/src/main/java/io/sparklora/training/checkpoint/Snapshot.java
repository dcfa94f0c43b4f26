package io.sparklora.training.checkpoint;

/**
 * An adapter between two steps, with what the optimiser remembers of it. The arrays are taken over, not copied.
 *
 * @param step steps made, at least 0
 * @param updates steps that made the moments, which AdamW's bias correction counts
 * @param parameters the adapter's flat vector
 * @param firstMoment AdamW's, as long
 * @param secondMoment AdamW's, as long
 */
public record Snapshot(long step, long updates, float[] parameters, float[] firstMoment, float[] secondMoment) {
    /** Refuses parts that do not belong together. */
    public Snapshot {
        if (step < 0 || updates < 0 || updates > step) {
            throw new IllegalArgumentException("step " + step + " with " + updates + " updates");
        }
        if (firstMoment.length != parameters.length || secondMoment.length != parameters.length) {
            throw new IllegalArgumentException(parameters.length + " parameters with " + firstMoment.length + " and "
                    + secondMoment.length + " moments");
        }
    }

    /** The same with arrays of its own. */
    public Snapshot copy() {
        return new Snapshot(step, updates, parameters.clone(), firstMoment.clone(), secondMoment.clone());
    }
}
