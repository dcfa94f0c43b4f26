package io.sparklora.training;

import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.training.job.TrainStage;

/** The stage train: token dataset in, adapter out; goes on where an attempt that was killed had come to. */
public final class Train {
    private Train() {}

    /**
     * Runs the stage and ends the process.
     *
     * @param args {@code CONFIG.yaml [--set a.b=c]... [--help]}
     */
    public static void main(String[] args) {
        StageMain.run(Stage.TRAIN, args, context -> new TrainStage(context).run());
    }
}
