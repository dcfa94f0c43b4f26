package io.sparklora.training.evaluation;

/**
 * A model's loss on the held-out tokens.
 *
 * @param sum over the supervised tokens, nats
 * @param supervisedTokens how many, at least 1
 */
public record HeldOutLoss(double sum, long supervisedTokens) {
    /** Mean loss, nats a token: a mean over tokens, never a mean of means. */
    public double mean() {
        return sum / supervisedTokens;
    }
}
