package io.sparklora.training.job;

import io.sparklora.training.checkpoint.BackgroundCheckpoints;
import io.sparklora.training.checkpoint.TrainingState;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What rank 0 does beside its steps, for all ranks: tells the driver of them, points out stragglers, saves the state. */
final class FirstRank implements TrainingLoop.Observer, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FirstRank.class);

    private final ProgressReporter reporter;
    private final Stragglers stragglers;
    private final BackgroundCheckpoints checkpoints;

    /** Takes reporter and checkpoints over, and closes them. */
    FirstRank(ProgressReporter reporter, Stragglers stragglers, BackgroundCheckpoints checkpoints) {
        this.reporter = reporter;
        this.stragglers = stragglers;
        this.checkpoints = checkpoints;
    }

    /** Whether the driver wants the ranks to stop after their step. */
    boolean leaveAsked() {
        return reporter.leaveAsked();
    }

    @Override
    public void stepMade(TimedStep step) {
        Optional<Straggler> straggler = stragglers.after(step.computeSeconds());
        straggler.ifPresent(slow -> LOG.warn("{}", slow));
        reporter.report(step.with(straggler));
    }

    @Override
    public void betweenSteps(long step, Supplier<TrainingState> state) {
        checkpoints.betweenSteps(step, state);
    }

    @Override
    public void ended(TrainingState state) {
        checkpoints.finish(state);
    }

    @Override
    public void close() {
        try (reporter) {
            checkpoints.close();
        }
    }
}
