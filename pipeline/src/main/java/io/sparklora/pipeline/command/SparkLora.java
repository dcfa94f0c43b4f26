package io.sparklora.pipeline.command;

import io.sparklora.pipeline.CodeVersion;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;

/** The command line, {@code bin/spark-lora}. */
@Command(
        name = "spark-lora",
        description = "Fine-tunes a language model on domain text with LoRA on Apache Spark: from a corpus to a "
                + "published adapter.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = SparkLora.Version.class,
        footerHeading = "%nExit status:%n",
        footer = {
            "  0 done or already done; 1 a fault of ours; 2 usage or configuration; 10 the gate rejected",
            "  the adapter; 11 no new data; 20 bad corpus; 21 model, dataset or adapter damaged or do not",
            "  belong together; 30 training diverged; 31 ranks disagree; 40 the registry changed; 75 retry"
        })
public final class SparkLora {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Prints this page.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Prints the version.")
    private boolean version;

    private SparkLora() {}

    /** @param args a command and its arguments; see {@code --help} */
    public static void main(String[] args) {
        Installation installation = Installation.find(System.getenv(), System.getProperties());
        System.exit(commandLine(installation).execute(args));
    }

    static CommandLine commandLine(Installation installation) {
        CommandLine commands = new CommandLine(new SparkLora());
        commands.addSubcommand("run", new RunCommand(installation));
        for (Stage stage : Stage.values()) {
            CommandLine command = new CommandLine(new StageCommand(installation, stage));
            command.getCommandSpec().usageMessage().description(StageCommand.description(stage));
            commands.addSubcommand(stage.word(), command);
        }
        commands.addSubcommand("generate", new GenerateCommand(installation));
        commands.addSubcommand("check", new CheckCommand(installation));
        commands.addSubcommand("result", new ResultCommand());
        commands.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, command));
        commands.setUsageHelpAutoWidth(true);
        return commands;
    }

    private static int failed(Exception failure, CommandLine command) {
        if (failure instanceof StageFailure stage) {
            command.getErr().println("spark-lora " + command.getCommandName() + ": " + stage.getMessage());
            return stage.exitCode().code();
        }
        if (failure instanceof InvalidBaseModelException model) {
            command.getErr().println("spark-lora " + command.getCommandName() + ": " + model.getMessage());
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
