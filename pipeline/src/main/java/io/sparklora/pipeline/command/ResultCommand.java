package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.StageMain;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a stage reported. */
@Command(
        name = "result",
        description = "Prints the result.json that a stage's last attempt left, wherever the run's storage is.")
final class ResultCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "STAGE", description = "One of prepare, train, evaluate, publish.")
    private Stage stage;

    @Mixin
    private ConfigArguments arguments;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        StageMain.Context context = arguments.context();
        Path file = context.layout().result(stage);
        byte[] result = context.storage()
                .find(file)
                .orElseThrow(() ->
                        new StageFailure(ExitCode.USAGE, stage.word() + " has left no result: there is no " + file));
        spec.commandLine().getOut().print(new String(result, StandardCharsets.UTF_8));
        spec.commandLine().getOut().flush();
        return ExitCode.DONE.code();
    }
}
