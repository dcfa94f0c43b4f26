package io.sparklora.pipeline.basemodel;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** How rotary position frequencies are stretched beyond those of the pre-training context. */
public sealed interface RopeScaling {
    /**
     * The angle a position adds at each frequency, after scaling.
     *
     * @param unscaled theta^(-2j/headSize), j in [0, headSize/2)
     * @return as many scaled frequencies, a new array
     */
    double[] scale(double[] unscaled);

    /** What queries and keys are multiplied by when they are turned. */
    default double attentionFactor() {
        return 1;
    }

    /** Refuses a factor of queries and keys that is not above 0. */
    private static void checkAttentionFactor(double factor) {
        if (!(factor > 0 && Double.isFinite(factor))) {
            throw new IllegalArgumentException("rope scaling's attention factor must be above 0 but was " + factor);
        }
    }

    /**
     * Llama 3's scaling: long wavelengths are divided by {@code factor}, short ones kept, those between interpolated
     * (transformers {@code modeling_rope_utils.py}, {@code _compute_llama3_parameters}).
     *
     * @param factor at least 1
     * @param lowFrequencyFactor above 0, below {@code highFrequencyFactor}
     * @param highFrequencyFactor above {@code lowFrequencyFactor}
     * @param originalContextLength positions of pre-training, at least 1
     */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContextLength)
            implements RopeScaling {
        /** Checks the ranges. */
        public Llama3 {
            if (!(factor >= 1 && Double.isFinite(factor))) {
                throw new IllegalArgumentException("rope scaling's factor must be at least 1 but was " + factor);
            }
            if (!(lowFrequencyFactor > 0
                    && highFrequencyFactor > lowFrequencyFactor
                    && Double.isFinite(highFrequencyFactor))) {
                throw new IllegalArgumentException(
                        "rope scaling's frequency factors must have 0 < low < high but were low " + lowFrequencyFactor
                                + " and high " + highFrequencyFactor);
            }
            if (originalContextLength < 1) {
                throw new IllegalArgumentException(
                        "rope scaling's original context length must be positive but was " + originalContextLength);
            }
        }

        @Override
        public double[] scale(double[] unscaled) {
            double longest = originalContextLength / lowFrequencyFactor;
            double shortest = originalContextLength / highFrequencyFactor;
            double[] scaled = new double[unscaled.length];
            for (int j = 0; j < scaled.length; j++) {
                double wavelength = 2 * Math.PI / unscaled[j];
                double kept = (originalContextLength / wavelength - lowFrequencyFactor)
                        / (highFrequencyFactor - lowFrequencyFactor);
                if (wavelength < shortest) {
                    scaled[j] = unscaled[j];
                } else if (wavelength > longest) {
                    scaled[j] = unscaled[j] / factor;
                } else {
                    scaled[j] = (1 - kept) * unscaled[j] / factor + kept * unscaled[j];
                }
            }
            return scaled;
        }
    }

    /**
     * All frequencies divided by one number (transformers {@code modeling_rope_utils.py},
     * {@code _compute_linear_scaling_rope_parameters}).
     *
     * @param factor at least 1
     */
    record Linear(double factor) implements RopeScaling {
        /** Checks the range. */
        public Linear {
            if (!(factor >= 1 && Double.isFinite(factor))) {
                throw new IllegalArgumentException("rope scaling's factor must be at least 1 but was " + factor);
            }
        }

        @Override
        public double[] scale(double[] unscaled) {
            return Arrays.stream(unscaled).map(frequency -> frequency / factor).toArray();
        }
    }

    /**
     * YaRN (Peng et al. 2023, arXiv 2309.00071): frequencies that turn often within the pre-training context are kept,
     * those that turn seldom are divided by {@code factor}, those between go over from one to the other in a line
     * (transformers {@code modeling_rope_utils.py}, {@code _compute_yarn_parameters}).
     *
     * @param factor at least 1
     * @param fastTurns turns within the pre-training context from which on a frequency is kept
     * @param slowTurns turns up to which a frequency is divided; above 0, at most {@code fastTurns}
     * @param wholeBorders whether the line's ends are moved outwards to whole frequencies
     * @param originalContextLength positions of pre-training, at least 1
     * @param theta base of the unscaled frequencies, above 1
     * @param attentionFactor above 0
     */
    record Yarn(
            double factor,
            double fastTurns,
            double slowTurns,
            boolean wholeBorders,
            int originalContextLength,
            double theta,
            double attentionFactor)
            implements RopeScaling {
        /** Checks the ranges. */
        public Yarn {
            if (!(factor >= 1 && Double.isFinite(factor))) {
                throw new IllegalArgumentException("rope scaling's factor must be at least 1 but was " + factor);
            }
            if (!(slowTurns > 0 && fastTurns >= slowTurns && Double.isFinite(fastTurns))) {
                throw new IllegalArgumentException(
                        "rope scaling's beta_slow and beta_fast must have 0 < slow <= fast but" + " were slow "
                                + slowTurns + " and fast " + fastTurns);
            }
            if (originalContextLength < 1 || !(theta > 1)) {
                throw new IllegalArgumentException("rope scaling's original context length must be positive and theta"
                        + " above 1 but were " + originalContextLength + " and " + theta);
            }
            checkAttentionFactor(attentionFactor);
        }

        @Override
        public double[] scale(double[] unscaled) {
            int width = 2 * unscaled.length;
            double low = Math.max(border(fastTurns, width, false), 0);
            double high = Math.min(border(slowTurns, width, true), width - 1);
            double span = low == high ? 0.001 : high - low;
            double[] scaled = new double[unscaled.length];
            for (int j = 0; j < scaled.length; j++) {
                double divided = Math.min(1, Math.max(0, (j - low) / span));
                scaled[j] = unscaled[j] * (1 - divided + divided / factor);
            }
            return scaled;
        }

        /** Which frequency makes so many turns within the pre-training context, as a fraction of an index. */
        private double border(double turns, int width, boolean upwards) {
            double index = width * Math.log(originalContextLength / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
            if (!wholeBorders) {
                return index;
            }
            return upwards ? Math.ceil(index) : Math.floor(index);
        }
    }

    /**
     * LongRoPE (Ding et al. 2024, arXiv 2402.13753): a divisor for each frequency, others for a text that is longer than
     * the pre-training context than for one that is not (transformers {@code modeling_rope_utils.py},
     * {@code _compute_longrope_parameters}). {@link #scale} is that of short texts.
     *
     * @param shortDivisors numbers above 0, as many as {@code longDivisors}
     * @param longDivisors numbers above 0
     * @param originalContextLength positions of pre-training, at least 1: a text of more tokens is long
     * @param attentionFactor above 0
     */
    record LongRope(
            List<Double> shortDivisors, List<Double> longDivisors, int originalContextLength, double attentionFactor)
            implements RopeScaling {
        /** Checks the ranges and copies the divisors. */
        public LongRope {
            shortDivisors = List.copyOf(shortDivisors);
            longDivisors = List.copyOf(longDivisors);
            if (shortDivisors.size() != longDivisors.size()) {
                throw new IllegalArgumentException(
                        "rope scaling's short_factor and long_factor must be equally many but" + " are "
                                + shortDivisors.size() + " and " + longDivisors.size());
            }
            for (double divisor :
                    Stream.concat(shortDivisors.stream(), longDivisors.stream()).toList()) {
                if (!(divisor > 0 && Double.isFinite(divisor))) {
                    throw new IllegalArgumentException(
                            "rope scaling's short_factor and long_factor must be above 0 but one was " + divisor);
                }
            }
            if (originalContextLength < 1) {
                throw new IllegalArgumentException(
                        "rope scaling's original context length must be positive but was " + originalContextLength);
            }
            checkAttentionFactor(attentionFactor);
        }

        @Override
        public double[] scale(double[] unscaled) {
            return divided(unscaled, shortDivisors);
        }

        /** The frequencies of long texts, a new array. */
        public double[] scaleLong(double[] unscaled) {
            return divided(unscaled, longDivisors);
        }

        private static double[] divided(double[] unscaled, List<Double> divisors) {
            if (unscaled.length != divisors.size()) {
                throw new IllegalArgumentException(divisors.size() + " rope scaling factors for " + unscaled.length
                        + " frequencies: there must be one for each");
            }
            double[] scaled = new double[unscaled.length];
            for (int j = 0; j < scaled.length; j++) {
                scaled[j] = unscaled[j] / divisors.get(j);
            }
            return scaled;
        }
    }

    /**
     * One divisor a frequency, as GGUF's tensor {@code rope_freqs.weight} stores Llama 3's scaling.
     *
     * @param divisors headSize/2 finite numbers above 0
     */
    record FrequencyFactors(List<Float> divisors) implements RopeScaling {
        /** Checks and copies the divisors. */
        public FrequencyFactors {
            divisors = List.copyOf(divisors);
            for (float divisor : divisors) {
                if (!(divisor > 0 && Float.isFinite(divisor))) {
                    throw new IllegalArgumentException("a frequency factor must be above 0 but was " + divisor);
                }
            }
        }

        @Override
        public double[] scale(double[] unscaled) {
            if (unscaled.length != divisors.size()) {
                throw new IllegalArgumentException(divisors.size() + " frequency factors for " + unscaled.length
                        + " frequencies: there must be one for each");
            }
            double[] scaled = new double[unscaled.length];
            for (int j = 0; j < scaled.length; j++) {
                scaled[j] = unscaled[j] / divisors.get(j);
            }
            return scaled;
        }
    }
}
