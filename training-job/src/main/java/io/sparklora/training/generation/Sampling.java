package io.sparklora.training.generation;

/**
 * How the next token is chosen among the model's scores. Applied in this order, as Hugging Face's generate does.
 *
 * @param temperature what logits are divided by; 0 always takes the highest
 * @param topK only the k highest logits remain; 0 for all
 * @param topP of these only the fewest most probable whose probabilities reach p remain, at least one; 1 for all
 */
public record Sampling(double temperature, int topK, double topP) {
    /** Always the token with the highest logit. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1);

    /** Refuses numbers out of range. */
    public Sampling {
        if (!(temperature >= 0 && Double.isFinite(temperature))) {
            throw new IllegalArgumentException("temperature must be at least 0 but was " + temperature);
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top-k must be at least 0 but was " + topK);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("top-p must be above 0 and at most 1 but was " + topP);
        }
    }
}
