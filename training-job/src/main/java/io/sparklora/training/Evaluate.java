package io.sparklora.training;

import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.training.evaluation.EvaluateStage;

/**
 * The stage evaluate: held-out losses of base, adapter and champion, and the gate's verdict. Exits with
 * {@link io.sparklora.pipeline.ExitCode#GATE_REJECTED} where the adapter did not pass; the verdict is written all the
 * same.
 */
public final class Evaluate {
    private Evaluate() {}

    /**
     * Runs the stage and ends the process.
     *
     * @param args {@code CONFIG.yaml [--set a.b=c]... [--help]}
     */
    public static void main(String[] args) {
        StageMain.run(Stage.EVALUATE, args, context -> new EvaluateStage(context).run());
    }
}
