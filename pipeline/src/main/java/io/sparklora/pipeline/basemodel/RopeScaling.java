package io.sparklora.pipeline.basemodel;

import java.util.Arrays;
import java.util.List;

/** How rotary position frequencies are stretched beyond those of the pre-training context. */
public sealed interface RopeScaling {
    /**
     * The angle a position adds at each frequency, after scaling.
     *
     * @param unscaled theta^(-2j/headSize), j in [0, headSize/2)
     * @return as many scaled frequencies, a new array
     */
    double[] scale(double[] unscaled);

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
