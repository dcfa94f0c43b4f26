package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.run.StageMain;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** All stages. */
@Command(
        name = "run",
        description =
                "Runs all stages in order, each as a Spark application of its own: prepare, train, evaluate, publish. "
                        + "What is done is found done; what was interrupted goes on.")
final class RunCommand implements Callable<Integer> {
    private final Installation installation;

    @Mixin
    private ConfigArguments arguments;

    @Option(
            names = "--print-commands",
            description = "Prints the spark-submit command of every stage instead, one a line.")
    private boolean printCommands;

    @Spec
    private CommandSpec spec;

    RunCommand(Installation installation) {
        this.installation = installation;
    }

    @Override
    public Integer call() {
        StageMain.Context context = arguments.context();
        Conductor conductor = new Conductor(
                context,
                arguments.submissions(installation, context),
                installation,
                spec.commandLine().getOut(),
                spec.commandLine().getErr());
        if (printCommands) {
            conductor.printCommands();
            return ExitCode.DONE.code();
        }
        return conductor.run();
    }
}
