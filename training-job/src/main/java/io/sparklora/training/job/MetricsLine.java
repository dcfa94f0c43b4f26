package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import java.util.List;
import java.util.Optional;

/**
 * A line of {@code metrics.jsonl}.
 *
 * @param step number of the step, from 1
 * @param loss mean over the batch's supervised tokens before the update, nats
 * @param learningRate of the update
 * @param gradientNorm global L2 norm before clipping
 * @param supervisedTokens of the batch
 * @param update whether the adapter was updated, and why not
 * @param tokensPerSecond over all ranks, padding included; 0 where the step was made unseen
 * @param validationLoss mean over the validation sequences after the update, nats; absent where it was not measured
 * @param seconds of the step; 0 where it was made unseen
 * @param computeSeconds of each rank, in rank order: what it took of these for its own micro-batches; empty where it was
 *     made unseen
 */
record MetricsLine(
        long step,
        double loss,
        double learningRate,
        double gradientNorm,
        long supervisedTokens,
        Update update,
        Optional<Double> validationLoss,
        double tokensPerSecond,
        double seconds,
        List<Double> computeSeconds) {
    MetricsLine {
        computeSeconds = List.copyOf(computeSeconds);
    }

    static MetricsLine of(TimedStep made) {
        return of(made.step(), made.tokens() / made.seconds(), made.seconds(), made.computeSeconds());
    }

    static MetricsLine unseen(StepRecord step) {
        return of(step, 0, 0, List.of());
    }

    private static MetricsLine of(
            StepRecord step, double tokensPerSecond, double seconds, List<Double> computeSeconds) {
        return new MetricsLine(
                step.step(),
                step.loss(),
                step.learningRate(),
                step.gradientNorm(),
                step.supervisedTokens(),
                step.update(),
                step.validationLoss(),
                tokensPerSecond,
                seconds,
                computeSeconds);
    }
}
