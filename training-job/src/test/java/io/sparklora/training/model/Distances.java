package io.sparklora.training.model;

/** Distances of vectors. */
final class Distances {
    private Distances() {}

    /** |a - b| / |b| in the Euclidean norm. */
    static double relative(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < b.length; i++) {
            difference += Math.pow((double) a[i] - b[i], 2);
            norm += Math.pow(b[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
