package io.sparklora.training.generation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.io.PrintStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line of generate. */
@Command(
        name = "generate",
        description = "Goes on with a prompt, as the base model with an adapter does. The text goes to standard output,"
                + " speeds and errors to standard error.",
        sortOptions = false)
final class GenerateArguments {
    @Parameters(
            paramLabel = "ADAPTER_DIR",
            description =
                    "A registry version (registry/NAME/vN), a run's adapter, or any directory with PEFT's two files.")
    private String adapter = "";

    @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "The text to go on with.")
    private String prompt = "";

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The base model: a GGUF file or a Hugging Face directory (default: the adapter's).")
    private @Nullable String base;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "Most tokens to generate (default: ${DEFAULT-VALUE}).")
    private int maximumTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description =
                    "0 takes the likeliest token each time; above it, tokens are drawn (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Draws from the fewest likeliest tokens that make up this share (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draws from the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "17",
            description = "Seed of the draws (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", paramLabel = "N", description = "Threads to compute with (default: all processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            defaultValue = "",
            description = "Directory of dequantised weights, the configuration's storage.cache (default:"
                    + " .cache/spark-lora in the user's home).")
    private String cache = "";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this page.")
    private boolean help;

    private GenerateArguments() {}

    /**
     * Parses a command line; empty where it asked for help, which is then printed.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) naming the option, its value and what is allowed
     */
    static Optional<GenerateArguments> parse(String[] args, PrintStream out) {
        GenerateArguments arguments = new GenerateArguments();
        CommandLine command = new CommandLine(arguments);
        try {
            command.parseArgs(args);
            if (arguments.help) {
                command.usage(out);
                return Optional.empty();
            }
            arguments.check();
            return Optional.of(arguments);
        } catch (CommandLine.ParameterException | IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    private void check() {
        atLeastOne("--max-tokens", maximumTokens);
        atLeastOne("--threads", threads);
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException("--prompt must not be empty");
        }
        sampling();
    }

    private static void atLeastOne(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1 but was " + value);
        }
    }

    String adapter() {
        return adapter;
    }

    String prompt() {
        return prompt;
    }

    Optional<String> base() {
        return Optional.ofNullable(base);
    }

    int maximumTokens() {
        return maximumTokens;
    }

    Sampling sampling() {
        return new Sampling(temperature, topK, topP);
    }

    long seed() {
        return seed;
    }

    int threads() {
        return threads;
    }

    String cache() {
        return cache;
    }
}
