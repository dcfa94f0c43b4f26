package io.sparklora.training.job;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import java.util.Arrays;

/**
 * A whole little language model in Java: softmax over the next token given the current one, one logit for each pair.
 * Its loss is the cross-entropy and its gradient exact, so what trains a real model trains this one.
 */
class BigramProgram implements LossProgram {
    private final int vocabulary;
    private final float[] logits;

    BigramProgram(int vocabulary) {
        this.vocabulary = vocabulary;
        this.logits = new float[vocabulary * vocabulary];
    }

    @Override
    public Arithmetic arithmetic() {
        return new Arithmetic(DeviceType.CPU, ComputeType.FP32);
    }

    @Override
    public int parameterCount() {
        return logits.length;
    }

    @Override
    public void load(float[] parameters) {
        System.arraycopy(parameters, 0, logits, 0, logits.length);
    }

    @Override
    public double forwardBackward(MicroBatch batch, float[] gradient) {
        double[] sum = new double[logits.length];
        double loss = 0;
        double[] probabilities = new double[vocabulary];
        for (int at = 1; at < batch.labels().length; at++) {
            if (batch.labels()[at] != MicroBatch.IGNORED) {
                int row = batch.inputIds()[at - 1] * vocabulary;
                softmax(row, probabilities);
                loss -= StrictMath.log(probabilities[batch.labels()[at]]);
                for (int next = 0; next < vocabulary; next++) {
                    sum[row + next] += probabilities[next];
                }
                sum[row + batch.labels()[at]] -= 1;
            }
        }
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = (float) sum[i];
        }
        return loss;
    }

    private void softmax(int row, double[] probabilities) {
        double total = 0;
        for (int next = 0; next < vocabulary; next++) {
            probabilities[next] = StrictMath.exp(logits[row + next]);
            total += probabilities[next];
        }
        double norm = total;
        Arrays.setAll(probabilities, next -> probabilities[next] / norm);
    }

    @Override
    public double lossSum(MicroBatch batch) {
        return forwardBackward(batch, new float[logits.length]);
    }

    @Override
    public void close() {}
}
