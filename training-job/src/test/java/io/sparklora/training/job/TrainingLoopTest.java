package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.StepRecord.Update;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.Collective;
import io.sparklora.training.collective.Ranks;
import io.sparklora.training.collective.SingleRank;
import io.sparklora.training.model.LossProgram;
import io.sparklora.training.model.MicroBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingLoopTest {
    @TempDir
    private static java.nio.file.Path temporary;

    private static LittleRun little;

    @BeforeAll
    static void write() throws Exception {
        little = new LittleRun(temporary);
    }

    private record Trained(List<StepRecord> steps, List<TrainingState> checkpoints) {
        TrainingState last() {
            return checkpoints.get(checkpoints.size() - 1);
        }
    }

    private Trained train(TrainingSpec spec, Collective collective, LossProgram program, TrainingState start) {
        Trained trained = new Trained(new ArrayList<>(), new ArrayList<>());
        TrainingLoop.End end = new TrainingLoop(
                        spec, collective, program, little.data(), little.validationData(), start)
                .run(observer(spec, trained), () -> false);
        assertThat(end).isEqualTo(TrainingLoop.End.OVER);
        return trained;
    }

    private static TrainingLoop.Observer observer(TrainingSpec spec, Trained trained) {
        return new TrainingLoop.Observer() {
            @Override
            public void stepMade(TimedStep step) {
                trained.steps().add(step.step());
            }

            @Override
            public void betweenSteps(long step, Supplier<TrainingState> state) {
                if (step % spec.schedule().steps() == 0) {
                    ended(state.get());
                }
            }

            @Override
            public void ended(TrainingState state) {
                trained.checkpoints().add(state.copy());
            }
        };
    }

    private Trained train(int steps, Collective collective) {
        return train(little.spec("none", steps, 10), collective, LittleRun.program(), LittleRun.initial());
    }

    private static void assertSameBytes(TrainingState actual, TrainingState expected) {
        assertThat(actual.step()).isEqualTo(expected.step());
        assertThat(actual.updates()).isEqualTo(expected.updates());
        assertThat(actual.parameters()).isEqualTo(expected.parameters());
        assertThat(actual.firstMoment()).isEqualTo(expected.firstMoment());
        assertThat(actual.secondMoment()).isEqualTo(expected.secondMoment());
        assertThat(actual.history()).isEqualTo(expected.history());
    }

    @Test
    void learns() {
        List<StepRecord> steps = train(60, new SingleRank()).steps();
        assertThat(steps.get(0).loss()).isCloseTo(Math.log(LittleRun.VOCABULARY), within(0.1));
        assertThat(steps.get(59).loss()).isLessThan(2.2);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void endsWithTheSameBytesOnAnyNumberOfRanks(int world) throws Exception {
        TrainingState alone = train(20, new SingleRank()).last();
        List<Trained> ranks = Ranks.run(world, collective -> train(20, collective));
        assertThat(ranks).hasSize(world).allSatisfy(rank -> assertSameBytes(rank.last(), alone));
    }

    @Test
    void randomNumbersAreAMicroBatchsOwnOnAnyNumberOfRanks() throws Exception {
        TrainingState alone = train(little.spec("none", 20, 10), new SingleRank(), noisy(), LittleRun.initial())
                .last();
        List<Trained> ranks = Ranks.run(
                3, collective -> train(little.spec("none", 20, 10), collective, noisy(), LittleRun.initial()));

        assertThat(ranks).allSatisfy(rank -> assertSameBytes(rank.last(), alone));
        assertThat(alone.parameters())
                .isNotEqualTo(train(20, new SingleRank()).last().parameters());
    }

    /** Adds to each micro-batch's gradient a number that follows from its draw. */
    private static LossProgram noisy() {
        return new BigramProgram(LittleRun.VOCABULARY) {
            @Override
            public double forwardBackward(MicroBatch batch, long draw, float[] gradient) {
                double loss = super.forwardBackward(batch, gradient);
                gradient[7] += (float) (draw >>> 40) * 0x1.0p-24f;
                return loss;
            }
        };
    }

    @Test
    void stopsOnAllRanksAfterTheStepInWhichOneIsAskedToLeave() throws Exception {
        TrainingSpec spec = little.spec("none", 30, 7);
        List<Trained> ranks = Ranks.run(3, collective -> {
            Trained trained = new Trained(new ArrayList<>(), new ArrayList<>());
            AtomicInteger asked = new AtomicInteger();
            TrainingLoop.End end = new TrainingLoop(
                            spec,
                            collective,
                            LittleRun.program(),
                            little.data(),
                            little.validationData(),
                            LittleRun.initial())
                    .run(observer(spec, trained), () -> asked.incrementAndGet() == 12 && collective.rank() == 1);
            assertThat(end).isEqualTo(TrainingLoop.End.LEFT);
            return trained;
        });
        assertThat(ranks).allSatisfy(rank -> {
            assertThat(rank.steps()).hasSize(12);
            assertThat(rank.checkpoints()).extracting(TrainingState::step).containsExactly(7L, 12L);
            assertSameBytes(rank.last(), ranks.get(0).last());
        });
        Trained rest = train(
                spec, new SingleRank(), LittleRun.program(), ranks.get(2).last().copy());
        assertSameBytes(rest.last(), train(30, new SingleRank()).last());
    }

    @Test
    void resumesFromAnyCheckpointToTheSameBytes() {
        Trained straight = train(30, new SingleRank());
        assertThat(straight.checkpoints()).extracting(TrainingState::step).containsExactly(10L, 20L, 30L);
        for (TrainingState start : straight.checkpoints()) {
            Trained resumed = train(little.spec("none", 30, 1), new SingleRank(), LittleRun.program(), start.copy());
            assertThat(resumed.steps()).hasSize(30 - (int) start.step());
            if (start.step() < 30) {
                assertSameBytes(resumed.last(), straight.last());
            }
        }
    }

    private static final ValidationPlan EVERY_FIVE_STEPS = new ValidationPlan(5, 90, 13, 2, 3, true);

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void measuresTheSameOnAnyNumberOfRanksAndAfterTheLastStep(int world) throws Exception {
        TrainingSpec spec = little.spec("none", 12, 4, EVERY_FIVE_STEPS);
        TrainingState alone = train(spec, new SingleRank(), LittleRun.program(), LittleRun.initial())
                .last();
        List<Trained> ranks =
                Ranks.run(world, collective -> train(spec, collective, LittleRun.program(), LittleRun.initial()));

        assertThat(alone.history().stream().filter(step -> step.validationLoss().isPresent()))
                .extracting(StepRecord::step)
                .containsExactly(5L, 10L, 12L);
        assertThat(alone.best().orElseThrow().step()).isEqualTo(12);
        assertThat(alone.best().orElseThrow().parameters()).isEqualTo(alone.parameters());
        assertThat(ranks).allSatisfy(rank -> assertSameBytes(rank.last(), alone));
    }

    @Test
    void measuresTheMeanLossOfSequencesSpreadOverTheSplit() {
        ValidationPlan all = new ValidationPlan(1, 90, 90, 4, 0, true);
        assertThat(all.microBatches(0, 1)).hasSize(23).last().isEqualTo(new long[] {88, 89});
        assertThat(EVERY_FIVE_STEPS.microBatches(1, 3))
                .hasSize(2)
                .containsExactly(new long[] {13, 20}, new long[] {55, 62});
        StepRecord step = train(
                        little.spec("none", 1, 1, all), new SingleRank(), LittleRun.program(), LittleRun.initial())
                .steps()
                .get(0);
        try (LossProgram program = LittleRun.program()) {
            TrainingState after = train(1, new SingleRank()).last();
            program.load(after.parameters());
            double sum = 0;
            long tokens = 0;
            for (long id = 0; id < 90; id++) {
                MicroBatch batch = little.data().read(new long[] {id});
                sum += program.lossSum(batch);
                tokens += batch.supervisedTokens();
            }
            assertThat(step.validationLoss().orElseThrow()).isCloseTo(sum / tokens, within(1e-6));
        }
    }

    /** Measures that a loss rises after so many loads of the adapter. */
    private static LossProgram worseAfter(int steps) {
        return new BigramProgram(LittleRun.VOCABULARY) {
            private int loads;

            @Override
            public void load(float[] parameters) {
                super.load(parameters);
                loads++;
            }

            @Override
            public double lossSum(MicroBatch batch) {
                return super.lossSum(batch) * (loads <= steps + 1 ? 1 : 10);
            }
        };
    }

    @Test
    void endsWhereTheLossDidNotFallForLongAndRemembersTheBestAdapterAfterAnyRestart() {
        TrainingSpec spec = little.spec("none", 60, 1, EVERY_FIVE_STEPS);
        Trained straight = train(spec, new SingleRank(), worseAfter(20), LittleRun.initial());

        assertThat(straight.steps()).hasSize(35);
        assertThat(straight.last().best().orElseThrow().step()).isEqualTo(20);
        assertThat(straight.last().best().orElseThrow().parameters())
                .isEqualTo(straight.checkpoints().get(19).parameters())
                .isNotEqualTo(straight.last().parameters());
        for (int from : new int[] {17, 20, 33, 35}) {
            TrainingState start = straight.checkpoints().get(from - 1).copy();
            Trained resumed = train(spec, new SingleRank(), worseAfter(20 - from), start);
            assertThat(resumed.steps()).hasSize(35 - from);
            if (from < 35) {
                assertSameBytes(resumed.last(), straight.last());
                assertThat(resumed.last().best())
                        .usingRecursiveComparison()
                        .isEqualTo(straight.last().best());
            }
        }
    }

    /** Turns the gradients of chosen micro-batches, counted from 0 on each rank, into NaN. */
    private static LossProgram sometimesNotFinite(LongPredicate bad) {
        return new BigramProgram(LittleRun.VOCABULARY) {
            private long calls;

            @Override
            public double forwardBackward(MicroBatch batch, float[] gradient) {
                double loss = super.forwardBackward(batch, gradient);
                if (bad.test(calls++)) {
                    gradient[5] = Float.NaN;
                }
                return loss;
            }
        };
    }

    @Test
    void skipsAStepThatIsNotFiniteOnOneRankAlikeOnAll() throws Exception {
        TrainingSpec spec = little.spec("none", 6, 1);
        // Rank 1 of 2 computes three micro-batches a step: its seventh is in step 3.
        List<Trained> ranks = Ranks.run(
                2,
                collective -> train(
                        spec,
                        collective,
                        sometimesNotFinite(call -> collective.rank() == 1 && call == 7),
                        LittleRun.initial()));
        assertThat(ranks).allSatisfy(rank -> {
            assertThat(rank.steps().get(2).update()).isEqualTo(Update.NOT_FINITE);
            assertThat(rank.checkpoints().get(2).parameters())
                    .isEqualTo(rank.checkpoints().get(1).parameters());
            assertThat(rank.last().updates()).isEqualTo(5);
        });
        assertSameBytes(ranks.get(1).last(), ranks.get(0).last());
    }

    /** Steps 54 to 56 have no finite gradient. */
    private static boolean breaksAfterTheMilestone(long call) {
        return call >= 7 * 53 && call < 7 * 56;
    }

    @Test
    void goesBackToTheMilestoneAfterThreeStepsInARowThatAreNotFinite() {
        TrainingSpec spec = little.spec("none", 60, 1);
        Trained trained = train(
                spec,
                new SingleRank(),
                sometimesNotFinite(TrainingLoopTest::breaksAfterTheMilestone),
                LittleRun.initial());
        TrainingState milestone = trained.checkpoints().get(49);
        TrainingState before = trained.checkpoints().get(54);
        TrainingState back = trained.checkpoints().get(55);
        assertThat(trained.steps().subList(52, 57))
                .extracting(StepRecord::update)
                .containsExactly(
                        Update.APPLIED, Update.NOT_FINITE, Update.NOT_FINITE, Update.ROLLED_BACK, Update.APPLIED);
        assertThat(before.updates()).isEqualTo(53);
        assertThat(before.parameters()).isNotEqualTo(milestone.parameters());
        assertThat(back.updates()).isEqualTo(50);
        assertThat(back.parameters()).isEqualTo(milestone.parameters());
        assertThat(back.firstMoment()).isEqualTo(milestone.firstMoment());
        assertThat(back.secondMoment()).isEqualTo(milestone.secondMoment());
        assertThat(trained.last().updates()).isEqualTo(54);
    }

    @Test
    void goesBackToTheSameBytesWhereItWasResumedSinceTheMilestone() {
        TrainingSpec spec = little.spec("none", 60, 1);
        Trained straight = train(
                spec,
                new SingleRank(),
                sometimesNotFinite(TrainingLoopTest::breaksAfterTheMilestone),
                LittleRun.initial());
        Trained resumed = train(
                spec,
                new SingleRank(),
                sometimesNotFinite(call -> breaksAfterTheMilestone(call + 7 * 54)),
                straight.checkpoints().get(53).copy());
        assertThat(resumed.steps().get(0).step()).isEqualTo(55);
        assertSameBytes(resumed.last(), straight.last());
    }

    @Test
    void givesUpWhereGoingBackTwiceDidNotHelp() {
        TrainingSpec spec = little.spec("none", 20, 1);
        assertThatThrownBy(() ->
                        train(spec, new SingleRank(), sometimesNotFinite(call -> call >= 7 * 4), LittleRun.initial()))
                .hasMessageContaining("not finite in 3 steps in a row, up to step 13, after the adapter had been taken")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.DIVERGED);
    }

    @Test
    void goesOnAfterTwoStepsInARowThatAreNotFinite() {
        LossProgram program = sometimesNotFinite(call -> call / 7 % 3 != 0);
        assertThat(train(little.spec("none", 12, 1), new SingleRank(), program, LittleRun.initial())
                        .last()
                        .updates())
                .isEqualTo(4);
    }

    @Test
    void stopsWhereTheRanksHoldDifferentAdapters() {
        TrainingSpec spec = little.spec("none", 5, 1);
        assertThatThrownBy(() -> Ranks.run(3, collective -> {
                    TrainingState start = LittleRun.initial();
                    if (collective.rank() == 2) {
                        start.parameters()[100] = Math.nextUp(start.parameters()[100]);
                    }
                    return train(spec, collective, LittleRun.program(), start);
                }))
                .hasMessageContaining("ranks [2] of 3 hold another adapter than rank 0")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.RANKS_DISAGREE);
    }

    @Test
    void stopsBetweenNativeCallsWhenCancelled() {
        LossProgram interrupting = new BigramProgram(LittleRun.VOCABULARY) {
            @Override
            public double forwardBackward(MicroBatch batch, float[] gradient) {
                Thread.currentThread().interrupt();
                return super.forwardBackward(batch, gradient);
            }
        };
        assertThatThrownBy(() -> train(little.spec("none", 5, 1), new SingleRank(), interrupting, LittleRun.initial()))
                .isInstanceOf(CancellationException.class);
        assertThat(Thread.interrupted()).isTrue();
    }
}
