package io.sparklora.training.model;

import io.sparklora.pipeline.adapter.Arithmetic;

/**
 * Loss and gradient of a model by what is trained of it, an adapter's parameters or all weights, one micro-batch a call.
 *
 * <p>The trainable parameters are one flat fp32 vector theta whose order a {@code LoraLayout} fixes. An instance is
 * bound to the thread that opened it, and its results depend only on the arguments and the parameters last loaded, so
 * that any rank computes the same bytes for the same micro-batch.
 */
public interface LossProgram extends AutoCloseable {
    /** What decides its results' last bits. */
    Arithmetic arithmetic();

    /** Length of theta. */
    int parameterCount();

    /** Copies theta into the program; {@code parameters.length} must be {@link #parameterCount()}. */
    void load(float[] parameters);

    /**
     * Computes the loss summed over the supervised tokens, in nats, and its gradient.
     *
     * @param gradient overwritten with d(loss sum)/d(theta), length {@link #parameterCount()}
     * @return the loss sum; not finite where the model overflowed
     */
    double forwardBackward(MicroBatch batch, float[] gradient);

    /**
     * The same with dropout, where the program has some.
     *
     * @param draw what the masks are a function of, beside the micro-batch's size
     */
    default double forwardBackward(MicroBatch batch, long draw, float[] gradient) {
        return forwardBackward(batch, gradient);
    }

    /** Computes the loss sum alone, in nats, without keeping activations. */
    double lossSum(MicroBatch batch);

    /** Frees native memory; the mapped base stays for other programs of the process. */
    @Override
    void close();
}
