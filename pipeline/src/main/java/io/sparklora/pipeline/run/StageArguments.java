package io.sparklora.pipeline.run;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * A stage's command line.
 *
 * @param config the configuration file, a path or URI
 * @param overrides {@code a.b=c}, in the order given
 */
record StageArguments(String config, List<String> overrides) {
    /** Copies the list. */
    StageArguments {
        overrides = List.copyOf(overrides);
    }

    /** Parses a command line; empty where it asked for help, which is then printed. */
    static Optional<StageArguments> parse(Stage stage, String[] args) {
        CommandLine command = new CommandLine(specification(stage));
        CommandLine.ParseResult parsed;
        try {
            parsed = command.parseArgs(args);
        } catch (CommandLine.ParameterException e) {
            throw new StageFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
        if (parsed.isUsageHelpRequested()) {
            command.usage(System.out);
            return Optional.empty();
        }
        return Optional.of(new StageArguments(
                parsed.matchedPositionalValue(0, ""), parsed.matchedOptionValue("--set", List.<String>of())));
    }

    private static CommandSpec specification(Stage stage) {
        CommandSpec spec = CommandSpec.create().name(stage.mainClass());
        spec.usageMessage()
                .description("Runs the stage " + stage.word() + ": reads " + String.join(", ", stage.inputs())
                        + "; writes " + stage.output() + ".");
        spec.addPositional(PositionalParamSpec.builder()
                .paramLabel("CONFIG.yaml")
                .description("The run's configuration: a path, or a URI that Hadoop's FileSystem opens.")
                .type(String.class)
                .arity("1")
                .build());
        spec.addOption(OptionSpec.builder("--set")
                .paramLabel("KEY=VALUE")
                .description("Overrides one key of the configuration, such as train.tokens=100000.")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity("1")
                .build());
        spec.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Prints this page.")
                .build());
        return spec;
    }
}
