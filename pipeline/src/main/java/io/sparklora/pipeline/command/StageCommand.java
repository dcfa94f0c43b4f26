package io.sparklora.pipeline.command;

import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.run.StageMain;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** One stage. */
@Command
final class StageCommand implements Callable<Integer> {
    private final Installation installation;
    private final Stage stage;

    @Mixin
    private ConfigArguments arguments;

    @Spec
    private CommandSpec spec;

    StageCommand(Installation installation, Stage stage) {
        this.installation = installation;
        this.stage = stage;
    }

    static String description(Stage stage) {
        return "Runs the stage " + stage.word() + " alone: reads " + String.join(", ", stage.inputs()) + "; writes "
                + stage.output() + ".";
    }

    @Override
    public Integer call() {
        StageMain.Context context = arguments.context();
        return new Conductor(
                        context,
                        arguments.submissions(installation, context),
                        installation,
                        spec.commandLine().getOut(),
                        spec.commandLine().getErr())
                .submit(stage);
    }
}
