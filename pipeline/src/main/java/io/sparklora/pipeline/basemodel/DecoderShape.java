package io.sparklora.pipeline.basemodel;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The sizes and constants of a decoder of the Llama kind: grouped-query attention with rotary positions, RMSNorm, a gated
 * feed-forward. Where a family differs from Llama itself is its {@link DecoderVariant}.
 *
 * @param architecture the family's name as the model states it, for example {@code llama} or {@code qwen2}
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width inside the feed-forward
 * @param layers number of decoder blocks
 * @param attentionHeads query heads
 * @param keyValueHeads key and value heads; divides {@code attentionHeads}
 * @param headSize width of a head, even; attentionHeads * headSize need not be hiddenSize
 * @param vocabularySize rows of the embedding
 * @param contextLength most positions the model was made for
 * @param ropeTheta base of the rotary frequencies, above 1; without meaning where positions are not rotary
 * @param ropeScaling stretching of those frequencies, if any
 * @param normEpsilon added to the mean square or the variance in norms; above 0, below 1
 * @param tiedHead whether the output head is the embedding itself ({@code lm_head.weight} is then no tensor)
 * @param variant what its blocks have beyond a plain Llama's
 */
public record DecoderShape(
        String architecture,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int attentionHeads,
        int keyValueHeads,
        int headSize,
        int vocabularySize,
        int contextLength,
        double ropeTheta,
        Optional<RopeScaling> ropeScaling,
        double normEpsilon,
        boolean tiedHead,
        DecoderVariant variant) {
    private static final int LARGEST = 1 << 24;

    /** Refuses sizes that no decoder has, naming the first that is wrong. */
    public DecoderShape {
        within("hidden size", hiddenSize, 1, LARGEST);
        within("intermediate size", intermediateSize, 1, LARGEST);
        within("layers", layers, 1, 4096);
        within("attention heads", attentionHeads, 1, 65_536);
        within("key-value heads", keyValueHeads, 1, attentionHeads);
        within("head size", headSize, 2, 65_536);
        within("vocabulary size", vocabularySize, 1, LARGEST);
        within("context length", contextLength, 1, Integer.MAX_VALUE);
        if (attentionHeads % keyValueHeads != 0) {
            throw new IllegalArgumentException("attention heads must be a multiple of key-value heads but are "
                    + attentionHeads + " and " + keyValueHeads);
        }
        if (headSize % 2 != 0) {
            throw new IllegalArgumentException("head size must be even but was " + headSize);
        }
        within("width of all heads", (long) attentionHeads * headSize, 2, LARGEST);
        if (!(ropeTheta > 1 && Double.isFinite(ropeTheta))) {
            throw new IllegalArgumentException("rope theta must be above 1 but was " + ropeTheta);
        }
        if (!(normEpsilon > 0 && normEpsilon < 1)) {
            throw new IllegalArgumentException("norm epsilon must be in (0, 1) but was " + normEpsilon);
        }
        int planes = rotarySize(variant, headSize) / 2;
        if (rotarySize(variant, headSize) > headSize) {
            throw new IllegalArgumentException(
                    "rotary positions cannot turn " + 2 * planes + " elements of a head of " + headSize);
        }
        if (ropeScaling.orElse(null) instanceof RopeScaling.FrequencyFactors factors
                && factors.divisors().size() != planes) {
            throw new IllegalArgumentException("there must be " + planes
                    + " frequency factors (half the head size) but there are "
                    + factors.divisors().size());
        }
        if (ropeScaling.orElse(null) instanceof RopeScaling.LongRope factors
                && factors.longDivisors().size() != planes) {
            throw new IllegalArgumentException("short_factor and long_factor must have " + planes
                    + " numbers (half of what is turned of a head) but have "
                    + factors.longDivisors().size());
        }
        if (variant.positions() instanceof Positions.Alibi alibi
                && alibi.slopes().size() != attentionHeads) {
            throw new IllegalArgumentException("there must be an ALiBi slope for each of " + attentionHeads
                    + " heads but there are " + alibi.slopes().size());
        }
        if (!variant.windows().isEmpty() && variant.windows().size() != layers) {
            throw new IllegalArgumentException("there must be a window for each of " + layers
                    + " layers, or none, but there are "
                    + variant.windows().size());
        }
    }

    /**
     * Holds what a configuration asks for against the context.
     *
     * @param key the configuration's, which a message names
     * @param tokens most tokens that a document may have
     * @throws StageFailure ({@link ExitCode#USAGE}) where they are more than {@link #contextLength()}
     */
    public void requireContext(String key, int tokens) {
        if (tokens > contextLength) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    key + " must be at most " + contextLength + ", the base model's context, but was " + tokens);
        }
    }

    /** A decoder of plain Llama blocks. */
    public DecoderShape(
            String architecture,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int attentionHeads,
            int keyValueHeads,
            int headSize,
            int vocabularySize,
            int contextLength,
            double ropeTheta,
            Optional<RopeScaling> ropeScaling,
            double normEpsilon,
            boolean tiedHead) {
        this(
                architecture,
                hiddenSize,
                intermediateSize,
                layers,
                attentionHeads,
                keyValueHeads,
                headSize,
                vocabularySize,
                contextLength,
                ropeTheta,
                ropeScaling,
                normEpsilon,
                tiedHead,
                DecoderVariant.PLAIN);
    }

    private static void within(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " must be in [" + least + ", " + most + "] but was " + value);
        }
    }

    /** Rows of q_proj, columns of o_proj: attentionHeads * headSize. */
    public int queryWidth() {
        return attentionHeads * headSize;
    }

    /** Rows of k_proj and v_proj: keyValueHeads * headSize. */
    public int keyValueWidth() {
        return keyValueHeads * headSize;
    }

    /** Width of the norm's weight for queries, 0 where they are not normed. */
    public int queryNormWidth() {
        return normWidth(queryWidth());
    }

    /** Width of the norm's weight for keys, 0 where they are not normed. */
    public int keyNormWidth() {
        return normWidth(keyValueWidth());
    }

    private int normWidth(int allHeads) {
        return switch (variant.queryKeyNorm()) {
            case NONE -> 0;
            case EACH_HEAD -> headSize;
            case ALL_HEADS -> allHeads;
        };
    }

    /** What a query's product with a key is multiplied by. */
    public double attentionScale() {
        return variant.multipliers().attention().orElse(1 / Math.sqrt(headSize));
    }

    /** Leading elements of each head that are turned; 0 where positions are not rotary. */
    public int rotarySize() {
        return rotarySize(variant, headSize);
    }

    private static int rotarySize(DecoderVariant variant, int headSize) {
        return variant.positions() instanceof Positions.Rotary rotary
                ? rotary.size().orElse(headSize)
                : 0;
    }

    /** Rows of what the feed-forward's input is multiplied by: gate and up, or up alone. */
    public int feedForwardWidth() {
        return (variant.feedForward() == DecoderVariant.FeedForward.GATED ? 2 : 1) * intermediateSize;
    }

    /**
     * The angle in radians that each position adds to each of a head's rotarySize/2 planes, scaling included; element j
     * rotates elements j and j + rotarySize/2 of a head (Hugging Face's order).
     *
     * @return a new array of rotarySize/2 values
     */
    public double[] inverseFrequencies() {
        double[] unscaled = frequencies(ropeTheta);
        return ropeScaling.map(scaling -> scaling.scale(unscaled)).orElse(unscaled);
    }

    /** The same in layers that have a window, where {@link DecoderVariant#windowRopeTheta} says so. */
    public Optional<double[]> windowInverseFrequencies() {
        OptionalDouble theta = variant.windowRopeTheta();
        return theta.isPresent() ? Optional.of(frequencies(theta.getAsDouble())) : Optional.empty();
    }

    /** The same for texts of more than {@link #longTextAfter} tokens. */
    public Optional<double[]> longInverseFrequencies() {
        return ropeScaling
                .filter(RopeScaling.LongRope.class::isInstance)
                .map(scaling -> ((RopeScaling.LongRope) scaling).scaleLong(frequencies(ropeTheta)));
    }

    /** Most tokens of a text whose rotary frequencies are those of short texts; absent where there are no others. */
    public OptionalInt longTextAfter() {
        return ropeScaling.orElse(null) instanceof RopeScaling.LongRope rope
                ? OptionalInt.of(rope.originalContextLength())
                : OptionalInt.empty();
    }

    /** What queries and keys are multiplied by when they are turned. */
    public double rotaryFactor() {
        return ropeScaling.map(RopeScaling::attentionFactor).orElse(1.0);
    }

    private double[] frequencies(double theta) {
        double[] frequencies = new double[rotarySize() / 2];
        for (int j = 0; j < frequencies.length; j++) {
            frequencies[j] = Math.pow(theta, -2.0 * j / rotarySize());
        }
        return frequencies;
    }
}
