package io.sparklora.training.checkpoint;

import java.util.Optional;

/**
 * What one step came to. It follows from the run alone and holds no time, so that equal runs save equal bytes.
 *
 * @param step number of the step, from 1
 * @param loss mean over the batch's supervised tokens before the update, nats; 0 where the step was skipped
 * @param learningRate of the update
 * @param gradientNorm global L2 norm before clipping; 0 where the step was skipped
 * @param supervisedTokens of the batch
 * @param update whether the adapter was updated
 * @param validationLoss mean over the validation sequences' supervised tokens after the update, nats; absent where it was not
 *     measured or not finite
 */
public record StepRecord(
        long step,
        double loss,
        double learningRate,
        double gradientNorm,
        long supervisedTokens,
        Update update,
        Optional<Double> validationLoss) {
    /** A step after which nothing was measured. */
    public StepRecord(
            long step, double loss, double learningRate, double gradientNorm, long supervisedTokens, Update update) {
        this(step, loss, learningRate, gradientNorm, supervisedTokens, update, Optional.empty());
    }

    /** What a step did to the adapter. */
    public enum Update {
        APPLIED,
        /** The batch had no supervised token. */
        EMPTY,
        /** A loss or gradient was not finite. */
        NOT_FINITE,
        /** The same once too often in a row: the adapter went back to an earlier step. */
        ROLLED_BACK
    }
}
