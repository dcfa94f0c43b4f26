package io.sparklora.training.generation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line of generate. */
@Command(
        name = "generate",
        description =
                "Goes on with a prompt, as the base model with each of the adapters does. The text goes to standard output,"
                        + " speeds and errors to standard error.",
        sortOptions = false)
final class GenerateArguments {
    @Parameters(
            arity = "1..*",
            paramLabel = "ADAPTER_DIR",
            description =
                    "A registry version (registry/NAME/vN), a run's adapter, or any directory with PEFT's two files."
                            + " Several share the base model and answer one after another, each below its name.")
    private List<String> adapters = List.of();

    @Option(names = "--with-base", description = "Lets the base model alone go on with the prompt first.")
    private boolean withBase;

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

    GenerateArguments() {}

    /**
     * Checks the values.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) naming the option, its value and what is allowed
     */
    void check() {
        try {
            atLeastOne("--max-tokens", maximumTokens);
            atLeastOne("--threads", threads);
            if (prompt.isEmpty()) {
                throw new IllegalArgumentException("--prompt must not be empty");
            }
            sampling();
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    private static void atLeastOne(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1 but was " + value);
        }
    }

    List<String> adapters() {
        return List.copyOf(adapters);
    }

    boolean withBase() {
        return withBase;
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
