package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import java.util.List;

/**
 * Where a run's loss began and ended, nats a token, over the steps that updated the adapter; 0 where none did.
 *
 * @param first of the first step
 * @param last mean of the last tenth of the steps, rounded up
 */
record LossCurve(double first, double last) {
    private static final int TAIL_SHARE = 10;

    static LossCurve of(List<StepRecord> history) {
        List<Double> losses = history.stream()
                .filter(step -> step.update() == Update.APPLIED)
                .map(StepRecord::loss)
                .toList();
        if (losses.isEmpty()) {
            return new LossCurve(0, 0);
        }
        int tail = (losses.size() + TAIL_SHARE - 1) / TAIL_SHARE;
        double sum = 0;
        for (double loss : losses.subList(losses.size() - tail, losses.size())) {
            sum += loss;
        }
        return new LossCurve(losses.get(0), sum / tail);
    }
}
