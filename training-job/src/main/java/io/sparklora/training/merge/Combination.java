package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.List;

/**
 * How adapters are put together into one, module by module, as PEFT's {@code add_weighted_adapter} does (PEFT 0.21.2,
 * tuners/lora/model.py). The result's scale is 1; sums are taken in binary64.
 */
enum Combination {
    /** Sums of the A and of the B, each factor weighted by the root of weight * scale. A rough approximation. */
    LINEAR {
        @Override
        int rank(List<Integer> ranks) {
            if (ranks.stream().distinct().count() > 1) {
                throw severalRanks(ranks);
            }
            return ranks.get(0);
        }

        @Override
        LowRank combined(List<Part> parts, int rank) {
            if (parts.stream().anyMatch(part -> part.matrices().rank() != rank)) {
                throw severalRanks(
                        parts.stream().map(part -> part.matrices().rank()).toList());
            }
            LowRank first = parts.get(0).matrices();
            double[] a = new double[first.a().length];
            double[] b = new double[first.b().length];
            for (Part part : parts) {
                double factor = part.weight() * part.matrices().scale();
                double root = Math.sqrt(Math.abs(factor));
                // The sign goes to one side alone, or two would cancel out.
                add(Math.copySign(root, factor), part.matrices().a(), a);
                add(root, part.matrices().b(), b);
            }
            return new LowRank(rank, first.inputs(), first.outputs(), narrow(a), narrow(b), 1);
        }
    },

    /** The A above each other, weighted, and the B beside each other: exactly the weighted sum, of the ranks' sum. */
    CAT {
        @Override
        int rank(List<Integer> ranks) {
            return ranks.stream().mapToInt(Integer::intValue).sum();
        }

        @Override
        LowRank combined(List<Part> parts, int rank) {
            LowRank all = parts.get(0).matrices().zeros(rank);
            int from = 0;
            for (Part part : parts) {
                LowRank matrices = part.matrices();
                double[] a = new double[matrices.a().length];
                add(part.weight() * matrices.scale(), matrices.a(), a);
                System.arraycopy(narrow(a), 0, all.a(), from * all.inputs(), a.length);
                for (int row = 0; row < all.outputs(); row++) {
                    System.arraycopy(matrices.b(), row * matrices.rank(), all.b(), row * rank + from, matrices.rank());
                }
                from += matrices.rank();
            }
            return all;
        }
    },

    /** The best approximation of the weighted sum that has the rank asked for. */
    SVD {
        @Override
        int rank(List<Integer> ranks) {
            return ranks.stream().mapToInt(Integer::intValue).max().orElseThrow();
        }

        @Override
        LowRank combined(List<Part> parts, int rank) {
            return TruncatedSvd.of(parts, rank);
        }
    };

    /**
     * One adapter's share of a module.
     *
     * @param matrices what the adapter adds to the module
     * @param weight what that is multiplied with; finite
     */
    record Part(LowRank matrices, double weight) {}

    /** The rank of what comes of adapters of some ranks, where nobody asks for another. */
    abstract int rank(List<Integer> ranks);

    /**
     * Puts a module together.
     *
     * @param parts at least one, of the same sizes but for the rank; {@link #LINEAR} wants that the same, too
     * @param rank as {@link #rank} says, or for {@link #SVD} any of at least 1
     */
    abstract LowRank combined(List<Part> parts, int rank);

    private static StageFailure severalRanks(List<Integer> ranks) {
        return new StageFailure(
                ExitCode.USAGE,
                "--method linear needs adapters of one rank but they have " + ranks + ": use cat or svd");
    }

    private static void add(double factor, float[] values, double[] sum) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * values[i];
        }
    }

    static float[] narrow(double[] values) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }
}
