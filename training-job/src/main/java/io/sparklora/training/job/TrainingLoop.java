package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.training.checkpoint.BestAdapter;
import io.sparklora.training.checkpoint.Snapshot;
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
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * One rank's steps from a state to the end of the plan or of the patience. Every rank runs the same steps on the same adapter and computes
 * its share of each batch. Used by the thread that opened the program.
 */
final class TrainingLoop {
    /** So many steps in a row without a finite gradient take the adapter back to the milestone. */
    private static final int BROKEN_STEPS = 3;

    /** After so many times the run ends. */
    private static final int MOST_ROLLBACKS = 2;

    /** The milestone is the last step that this divides: a number of the run's own, whenever it is saved. */
    private static final int MILESTONE_STEPS = 50;

    private static final double NANOS_A_SECOND = 1e9;

    private final TrainingSpec spec;
    private final Collective collective;
    private final LossProgram program;
    private final TokenSequences data;
    private final Optional<TokenSequences> validationData;
    private final float[] parameters;
    private final float[] gradient;
    private final FixedPointSum sum;
    private AdamW optimizer;
    private Snapshot milestone;
    private Optional<BestAdapter> best;
    private final List<StepRecord> history;

    /**
     * Goes on from {@code start}, whose arrays are taken over.
     *
     * @param validationData the sequences that the adapter is measured on; needed where the plan says so
     */
    TrainingLoop(
            TrainingSpec spec,
            Collective collective,
            LossProgram program,
            TokenSequences data,
            Optional<TokenSequences> validationData,
            TrainingState start) {
        this.spec = spec;
        this.collective = collective;
        this.program = program;
        this.data = data;
        this.validationData = validationData;
        this.parameters = start.parameters();
        this.gradient = new float[parameters.length];
        this.sum = new FixedPointSum(parameters.length);
        this.optimizer = spec.optimizer(start.current());
        this.milestone = start.milestone();
        this.best = start.best();
        this.history = new ArrayList<>(start.history());
    }

    /** How a loop ended where nothing failed; alike on every rank. */
    enum End {
        /** All steps are made. */
        OVER,
        /** A rank was asked to leave; steps are left to make. */
        LEFT
    }

    /** What happens between steps, on the loop's thread. */
    interface Observer {
        /** Looks away. */
        Observer NONE = new Observer() {
            @Override
            public void stepMade(TimedStep step) {}

            @Override
            public void betweenSteps(long step, Supplier<TrainingState> state) {}

            @Override
            public void ended(TrainingState state) {}
        };

        /** A step was made. */
        void stepMade(TimedStep step);

        /**
         * Another step follows.
         *
         * @param state gives the state after {@code step} steps, which must not be kept past the call
         */
        void betweenSteps(long step, Supplier<TrainingState> state);

        /** No step follows; the state must not be kept past the call. */
        void ended(TrainingState state);
    }

    /**
     * Trains to the end, or to the first step after which a rank must leave.
     *
     * @param leaveAsked whether this rank was asked to leave
     * @throws StageFailure where the run diverges or the ranks disagree, alike on every rank
     */
    End run(Observer observer, BooleanSupplier leaveAsked) {
        program.load(parameters);
        StepAgreement.reach(collective, history.size(), parameters, 0, false);
        while (!spec.isOver(history)) {
            long begin = System.nanoTime();
            Made step = step(history.size(), leaveAsked);
            StepRecord made = step.record();
            history.add(made);
            rememberIfBest(made);
            if (made.step() % MILESTONE_STEPS == 0) {
                milestone = current().copy();
            }
            observer.stepMade(new TimedStep(
                    made,
                    spec.batches().batchTokens(),
                    (System.nanoTime() - begin) / NANOS_A_SECOND,
                    step.agreement().computeSeconds(),
                    Optional.empty()));
            boolean over = spec.isOver(history);
            if (over || step.agreement().leaving()) {
                observer.ended(state());
                return over ? End.OVER : End.LEFT;
            } else {
                observer.betweenSteps(made.step(), this::state);
            }
        }
        return End.OVER;
    }

    /** A step, and what the ranks agreed on after it. */
    private record Made(StepRecord record, StepAgreement agreement) {}

    private Made step(long step, BooleanSupplier leaveAsked) {
        long begin = System.nanoTime();
        sum.clear();
        int number = collective.rank();
        for (long[] ids : spec.batches().microBatches(step, collective.rank(), collective.world())) {
            stopIfInterrupted();
            MicroBatch batch = data.read(ids);
            long draw = draw(step, number);
            sum.add(batch.supervisedTokens(), into -> program.forwardBackward(batch, draw, into));
            number += collective.world();
        }
        long computeNanos = System.nanoTime() - begin;
        BatchSum total = sum.reduce(collective, step + 1, spec.batches().microBatches(), gradient);
        double rate = spec.learningRate().at(step);
        double norm = 0;
        Update update = update(total);
        if (update == Update.NOT_FINITE && brokenSteps() + 1 == BROKEN_STEPS) {
            rollBack();
            update = Update.ROLLED_BACK;
        } else if (update == Update.APPLIED) {
            norm = spec.clip().clip(gradient);
            optimizer.step(parameters, gradient, rate);
            program.load(parameters);
        }
        boolean leave = leaveAsked.getAsBoolean();
        StepAgreement agreement = StepAgreement.reach(collective, step + 1, parameters, computeNanos, leave);
        StepRecord record = new StepRecord(
                step + 1, total.meanLoss(), rate, norm, total.supervisedTokens(), update, validationLoss(step + 1));
        return new Made(record, agreement);
    }

    /** The loss on the validation sequences, where it is due and finite; the same bits on any number of ranks. */
    private Optional<Double> validationLoss(long step) {
        if (!spec.validation().isDue(step, spec.batches().steps())) {
            return Optional.empty();
        }
        FixedPointSum losses = new FixedPointSum(0);
        for (long[] ids : spec.validation().microBatches(collective.rank(), collective.world())) {
            stopIfInterrupted();
            MicroBatch batch = validationData.orElseThrow().read(ids);
            losses.add(batch.supervisedTokens(), none -> program.lossSum(batch));
        }
        BatchSum total = losses.reduce(collective, step, spec.validation().microBatches(), new float[0]);
        return total.finite() ? Optional.of(total.meanLoss()) : Optional.empty();
    }

    private void rememberIfBest(StepRecord made) {
        if (made.validationLoss().isPresent()
                && ValidationPlan.lowest(history).orElseThrow().step() == made.step()) {
            best = Optional.of(new BestAdapter(made.step(), parameters.clone()));
        }
    }

    /** What a micro-batch's random numbers are drawn from: its place in the plan, not who computes it. */
    private long draw(long step, int number) {
        ContentKey key = ContentKey.of(List.of(
                "draw/1", String.valueOf(spec.identity().seed()), String.valueOf(step), String.valueOf(number)));
        return HexFormat.fromHexDigitsToLong(key.hex(), 0, Long.BYTES * 2);
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

    /** Steps in a row, up to the last one made, that had no finite gradient. */
    private int brokenSteps() {
        int count = 0;
        while (count < history.size() && history.get(history.size() - 1 - count).update() == Update.NOT_FINITE) {
            count++;
        }
        return count;
    }

    /**
     * Takes adapter and moments back to the milestone; the run goes on with the batches after the bad ones, so that it
     * does not break at the same place again.
     */
    private void rollBack() {
        long before = history.stream()
                .filter(step -> step.update() == Update.ROLLED_BACK)
                .count();
        if (before == MOST_ROLLBACKS) {
            throw new StageFailure(
                    ExitCode.DIVERGED,
                    "loss or gradient were not finite in " + BROKEN_STEPS + " steps in a row, up to step "
                            + (history.size() + 1) + ", after the adapter had been taken back " + before
                            + " times: lower train.learning-rate, or set base.dtype to fp32");
        }
        Snapshot back = milestone.copy();
        System.arraycopy(back.parameters(), 0, parameters, 0, parameters.length);
        optimizer = spec.optimizer(back);
        program.load(parameters);
    }

    /** The state after the last step; its arrays are the loop's own. */
    private TrainingState state() {
        return new TrainingState(current(), milestone, best, history, Optional.of(program.arithmetic()));
    }

    private Snapshot current() {
        return new Snapshot(
                history.size(), optimizer.updates(), parameters, optimizer.firstMoment(), optimizer.secondMoment());
    }
}
