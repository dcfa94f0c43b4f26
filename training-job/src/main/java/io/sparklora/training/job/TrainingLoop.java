package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.FixedPointSum;
import io.sparklora.training.collective.FixedPointSum.BatchSum;
import io.sparklora.training.data.TokenSequences;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.optimizer.AdamW;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * One rank's steps from a state to the end of the plan. Every rank runs the same steps on the same adapter and computes
 * its share of each batch. Used by the thread that opened the program.
 */
final class TrainingLoop {
    /** So many steps in a row without a finite gradient end the run. */
    private static final int DIVERGED_STEPS = 3;

    private static final double NANOS_A_SECOND = 1e9;

    private final TrainingSpec spec;
    private final Collective collective;
    private final LossProgram program;
    private final TokenSequences data;
    private final float[] parameters;
    private final float[] gradient;
    private final FixedPointSum sum;
    private final AdamW optimizer;
    private final List<StepRecord> history;

    /** Goes on from {@code start}, whose arrays are taken over. */
    TrainingLoop(
            TrainingSpec spec, Collective collective, LossProgram program, TokenSequences data, TrainingState start) {
        this.spec = spec;
        this.collective = collective;
        this.program = program;
        this.data = data;
        this.parameters = start.parameters();
        this.gradient = new float[parameters.length];
        this.sum = new FixedPointSum(parameters.length);
        this.optimizer = new AdamW(start.firstMoment(), start.secondMoment(), start.updates(), spec.weightDecay());
        this.history = new ArrayList<>(start.history());
    }

    /** What happens between steps, on the loop's thread. */
    interface Observer {
        /** A step was made. */
        void stepMade(TimedStep step);

        /** A state is due to be saved; it must not be kept past the call. */
        void checkpointDue(TrainingState state);
    }

    /**
     * Trains to the end.
     *
     * @throws StageFailure where the run diverges or the ranks disagree, alike on every rank
     */
    void run(Observer observer) {
        program.load(parameters);
        AdapterAgreement.require(collective, history.size(), parameters);
        while (history.size() < spec.batches().steps()) {
            long begin = System.nanoTime();
            StepRecord made = step(history.size());
            history.add(made);
            refuseDivergence();
            observer.stepMade(
                    new TimedStep(made, spec.batches().batchTokens(), (System.nanoTime() - begin) / NANOS_A_SECOND));
            if (made.step() % spec.checkpointSteps() == 0
                    || made.step() == spec.batches().steps()) {
                observer.checkpointDue(state());
            }
        }
    }

    private StepRecord step(long step) {
        sum.clear();
        for (long[] ids : spec.batches().microBatches(step, collective.rank(), collective.world())) {
            stopIfInterrupted();
            MicroBatch batch = data.read(ids);
            sum.add(batch.supervisedTokens(), into -> program.forwardBackward(batch, into));
        }
        BatchSum total = sum.reduce(collective, step + 1, spec.batches().microBatches(), gradient);
        double rate = spec.learningRate().at(step);
        double norm = 0;
        Update update = update(total);
        if (update == Update.APPLIED) {
            norm = spec.clip().clip(gradient);
            optimizer.step(parameters, gradient, rate);
            program.load(parameters);
        }
        AdapterAgreement.require(collective, step + 1, parameters);
        return new StepRecord(step + 1, total.meanLoss(), rate, norm, total.supervisedTokens(), update);
    }

    private static Update update(BatchSum total) {
        if (!total.finite()) {
            return Update.NOT_FINITE;
        }
        return total.supervisedTokens() == 0 ? Update.EMPTY : Update.APPLIED;
    }

    /** Native calls cannot be interrupted, so a cancelled task stops between two of them. */
    private void stopIfInterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("rank " + collective.rank() + " was cancelled in step " + history.size());
        }
    }

    private void refuseDivergence() {
        int from = history.size() - DIVERGED_STEPS;
        if (from >= 0
                && history.subList(from, history.size()).stream()
                        .allMatch(step -> step.update() == Update.NOT_FINITE)) {
            throw new StageFailure(
                    ExitCode.DIVERGED,
                    "loss or gradient were not finite in " + DIVERGED_STEPS + " steps in a row, up to step "
                            + history.size() + ": lower train.learning-rate, or set base.dtype to fp32");
        }
    }

    /** The state after the last step; its arrays are the loop's own. */
    private TrainingState state() {
        return new TrainingState(
                history.size(),
                optimizer.updates(),
                parameters,
                optimizer.firstMoment(),
                optimizer.secondMoment(),
                history);
    }
}
