package io.sparklora.training.merge;

import java.util.Arrays;

/**
 * What an adapter adds to one module: scale B A.
 *
 * @param rank r, at least 1
 * @param inputs columns of A
 * @param outputs rows of B
 * @param a A, row-major [rank, inputs]
 * @param b B, row-major [outputs, rank]
 * @param scale such as alpha / r; finite
 */
@SuppressWarnings("ArrayRecordComponent")
record LowRank(int rank, int inputs, int outputs, float[] a, float[] b, double scale) {
    /** Checks the lengths. */
    LowRank {
        if (a.length != rank * inputs || b.length != outputs * rank) {
            throw new IllegalArgumentException("A of " + a.length + " and B of " + b.length + " values are not of rank "
                    + rank + " from " + inputs + " inputs to " + outputs + " outputs");
        }
    }

    /** Zeros for the same module, to be filled, of scale 1. */
    LowRank zeros(int ofRank) {
        return new LowRank(ofRank, inputs, outputs, new float[ofRank * inputs], new float[outputs * ofRank], 1);
    }

    double[] wideA() {
        double[] wide = new double[a.length];
        Arrays.setAll(wide, i -> a[i]);
        return wide;
    }

    /** B times the scale and a further factor. */
    double[] scaledB(double factor) {
        double[] scaled = new double[b.length];
        Arrays.setAll(scaled, i -> factor * scale * b[i]);
        return scaled;
    }
}
