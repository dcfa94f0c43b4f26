package io.sparklora.training.collective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Loss and gradient of a global batch, summed over its micro-batches to the same bytes however these are dealt to
 * ranks.
 *
 * <p>Floating-point addition depends on its order; integer addition does not. So each element g of each micro-batch's
 * gradient becomes the integer round(g 2^k), and integers are added, first here and then around the ring. The exponent
 * k is the same for all: the ranks agree, through a maximum, on the largest |g| in the whole global batch, so that it
 * depends on the batch alone. With |g| &lt; 2^e and at most 2^b micro-batches, k = 62 - b - e bounds every partial sum
 * by 2^62: it cannot overflow. The rounding error of an element is at most 2^(b + e - 63) a micro-batch, about 2^-60
 * of the largest element: far below fp32's own. Multiplying by a power of two is exact in double precision.
 *
 * <p>The micro-batches' gradients are held until the scale is agreed: 4 bytes a parameter for each micro-batch of the
 * step that this rank computes, and 8 bytes a parameter for the sum. An instance is used by one thread, step after
 * step.
 */
public final class FixedPointSum {
    /** Losses are integers of 2^-20 nat, which leaves room for losses up to 2^42 nats a global batch. */
    private static final int LOSS_EXPONENT = 20;

    private static final int SUM_BITS = 62;
    private static final int INFINITE = 0x7f800000;

    private final int parameters;
    private final long[] sum;
    private final List<float[]> gradients = new ArrayList<>();
    private final List<Double> losses = new ArrayList<>();
    private long supervisedTokens;

    /**
     * What a step's micro-batches came to.
     *
     * @param finite false where any rank's loss or gradient was infinite or not a number; the other figures are then 0
     * @param lossSum in nats, over all supervised tokens of the global batch
     * @param supervisedTokens of the global batch
     * @param scaleExponent k: the sums are integers of 2^-k
     */
    public record BatchSum(boolean finite, double lossSum, long supervisedTokens, int scaleExponent) {
        static final BatchSum NOT_FINITE = new BatchSum(false, 0, 0, 0);

        /** Mean loss in nats a supervised token; 0 where nothing is supervised. */
        public double meanLoss() {
            return supervisedTokens == 0 ? 0 : lossSum / supervisedTokens;
        }
    }

    /** For gradients of {@code parameters} elements. */
    public FixedPointSum(int parameters) {
        this.parameters = parameters;
        this.sum = new long[parameters + 2];
    }

    /** Forgets the last step's micro-batches; their memory is used again. */
    public void clear() {
        losses.clear();
        supervisedTokens = 0;
    }

    /**
     * Adds one micro-batch.
     *
     * @param forwardBackward fills the array it is given with the gradient and returns the loss sum in nats
     */
    public void add(int supervisedTokensOfBatch, ToDoubleFunction<float[]> forwardBackward) {
        if (losses.size() == gradients.size()) {
            gradients.add(new float[parameters]);
        }
        losses.add(forwardBackward.applyAsDouble(gradients.get(losses.size())));
        supervisedTokens += supervisedTokensOfBatch;
    }

    /**
     * Sums over this rank's micro-batches and all ranks.
     *
     * @param microBatches number in the whole global batch, the same on every rank
     * @param meanGradient overwritten with the gradient sum divided by the supervised tokens, unless the result is not
     *     finite; zeros where nothing is supervised
     * @throws CollectiveException as {@link Collective#sum}
     */
    public BatchSum reduce(Collective collective, long step, int microBatches, float[] meanGradient) {
        if (microBatches < losses.size()) {
            throw new IllegalArgumentException(losses.size() + " micro-batches of a batch that has " + microBatches);
        }
        int batchBits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(0, microBatches - 1));
        long[] largest = {largestMagnitudeBits(batchBits)};
        collective.max(step, largest);
        if (largest[0] >= INFINITE) {
            return BatchSum.NOT_FINITE;
        }
        // |g| < 2^(exponent + 1); a subnormal's stated exponent, -127, bounds it too.
        int exponent = Math.getExponent(Float.intBitsToFloat((int) largest[0])) + 1;
        int scale = SUM_BITS - batchBits - exponent;
        sumOwn(scale);
        collective.sum(step, sum);
        BatchSum total =
                new BatchSum(true, Math.scalb((double) sum[parameters], -LOSS_EXPONENT), sum[parameters + 1], scale);
        divide(total, meanGradient);
        return total;
    }

    private long largestMagnitudeBits(int batchBits) {
        int largest = 0;
        for (int batch = 0; batch < losses.size(); batch++) {
            // Without its sign bit a float orders as an integer; infinity and NaN lie above all finite values.
            for (float g : gradients.get(batch)) {
                largest = Math.max(largest, Float.floatToRawIntBits(g) & 0x7fffffff);
            }
            double bound = Math.scalb(1.0, SUM_BITS - LOSS_EXPONENT - batchBits);
            if (!(Math.abs(losses.get(batch)) <= bound)) {
                largest = Math.max(largest, INFINITE);
            }
        }
        return largest;
    }

    private void sumOwn(int scaleExponent) {
        Arrays.fill(sum, 0);
        double scale = Math.scalb(1.0, scaleExponent);
        for (int batch = 0; batch < losses.size(); batch++) {
            float[] gradient = gradients.get(batch);
            for (int i = 0; i < parameters; i++) {
                sum[i] += (long) Math.rint(gradient[i] * scale);
            }
            sum[parameters] =
                    Math.addExact(sum[parameters], (long) Math.rint(Math.scalb(losses.get(batch), LOSS_EXPONENT)));
        }
        sum[parameters + 1] = supervisedTokens;
    }

    private void divide(BatchSum total, float[] meanGradient) {
        double unit = Math.scalb(1.0, -total.scaleExponent());
        double tokens = Math.max(1, total.supervisedTokens());
        for (int i = 0; i < parameters; i++) {
            meanGradient[i] = (float) (sum[i] * unit / tokens);
        }
    }
}
