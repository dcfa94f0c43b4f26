package io.sparklora.pipeline.command;

import io.sparklora.pipeline.CodeVersion;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The command line, {@code bin/spark-lora}. */
@Command(
        name = "spark-lora",
        description = "Fine-tunes a language model on domain text with LoRA on Apache Spark: from a corpus to a "
                + "published adapter.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        scope = CommandLine.ScopeType.INHERIT,
        versionProvider = SparkLora.Version.class,
        separator = " ",
        footerHeading = "%nExit status:%n",
        footer = {
            "   0  done, or found done",
            "   1  a fault of Spark LoRA's own",
            "   2  wrong command line or configuration",
            "  10  the gate rejected the adapter",
            "  11  no new data",
            "  20  the corpus can't be used",
            "  21  model, dataset or adapter are damaged or do not belong together",
            "  30  training diverged",
            "  31  ranks disagree",
            "  40  the registry changed under the publication",
            "  75  the infrastructure failed; the same command may succeed later"
        })
public final class SparkLora {
    private SparkLora() {}

    /**
     * Runs a command and ends the process with its exit status.
     *
     * @param args a command and its arguments; see {@code --help}
     */
    public static void main(String[] args) {
        Installation installation = Installation.find(System.getenv(), System.getProperties());
        System.exit(commandLine(installation, Host.here()).execute(args));
    }

    static CommandLine commandLine(Installation installation, Host host) {
        CommandLine commands = new CommandLine(new SparkLora());
        commands.addSubcommand("run", new RunCommand(installation));
        for (Stage stage : Stage.values()) {
            CommandLine command = new CommandLine(new StageCommand(installation, stage));
            command.getCommandSpec().usageMessage().description(StageCommand.description(stage));
            commands.addSubcommand(stage.word(), command);
        }
        commands.addSubcommand("generate", new GenerateCommand(installation));
        commands.addSubcommand("merge", new MergeCommand(installation));
        commands.addSubcommand("combine", new CombineCommand(installation));
        commands.addSubcommand("check", new CheckCommand(installation, host));
        commands.addSubcommand("doctor", new DoctorCommand(installation, host));
        commands.addSubcommand("result", new ResultCommand());
        commands.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, command));
        commands.setParameterExceptionHandler((failure, arguments) -> misused(failure));
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        commands.setUsageHelpAutoWidth(true);
        return commands;
    }

    private static int misused(CommandLine.ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + failure.getMessage() + " (see " + name + " --help)");
        return ExitCode.USAGE.code();
    }

    private static int failed(Exception failure, CommandLine command) {
        if (failure instanceof StageFailure stage) {
            command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + stage.getMessage());
            return stage.exitCode().code();
        }
        if (failure instanceof InvalidBaseModelException model) {
            command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + model.getMessage());
            return ExitCode.MISMATCH.code();
        }
        failure.printStackTrace(command.getErr());
        return ExitCode.INTERNAL.code();
    }

    /** The version that the build wrote down. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"spark-lora " + CodeVersion.current()};
        }
    }
}
