package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Text out of a base model with one adapter after another. */
@Command(name = "generate", description = "Goes on with a prompt, as the base model with each of the adapters does.")
final class GenerateCommand implements Callable<Integer> {
    private static final String MAIN_CLASS = "io.sparklora.training.Generate";

    private final Installation installation;

    @Parameters(
            arity = "1..*",
            paramLabel = "ADAPTER",
            description =
                    "A version's directory (registry/NAME/vN), or any directory with PEFT's two files. Several share"
                            + " the base model and answer one after another.")
    private List<String> adapters;

    @Option(names = "--with-base", description = "Lets the base model alone go on with the prompt first.")
    private boolean withBase;

    @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "The text to go on with.")
    private String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "100",
            description = "Most tokens to generate (${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "0 takes the likeliest token each time; above it, tokens are drawn (${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Draws from the likeliest tokens that make up this share (${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draws from the K likeliest tokens; 0 for all (${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "17",
            description = "Seed of the draws (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", paramLabel = "N", description = "Threads to compute with (all processors).")
    private Optional<Integer> threads = Optional.empty();

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description =
                    "Directory of dequantised weights, the configuration's storage.cache (.cache/spark-lora in the"
                            + " user's home).")
    private Optional<String> cache = Optional.empty();

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The base model; by default the one that the version's manifest names.")
    private Optional<String> base = Optional.empty();

    GenerateCommand(Installation installation) {
        this.installation = installation;
    }

    @Override
    public Integer call() {
        refuseUnless(maxTokens >= 1, "--max-tokens must be at least 1 but was " + maxTokens);
        refuseUnless(temperature >= 0, "--temperature must be at least 0 but was " + temperature);
        refuseUnless(topP > 0 && topP <= 1, "--top-p must be in (0, 1] but was " + topP);
        refuseUnless(topK >= 0, "--top-k must be at least 0 but was " + topK);
        threads.ifPresent(count -> refuseUnless(count >= 1, "--threads must be at least 1 but was " + count));
        List<String> arguments = new ArrayList<>(adapters);
        arguments.addAll(List.of(
                "--prompt",
                prompt,
                "--max-tokens",
                String.valueOf(maxTokens),
                "--temperature",
                String.valueOf(temperature),
                "--top-p",
                String.valueOf(topP),
                "--top-k",
                String.valueOf(topK),
                "--seed",
                String.valueOf(seed),
                "--base",
                base.orElseGet(() -> BaseOfVersion.model(installation, adapters.get(0)))));
        if (withBase) {
            arguments.add("--with-base");
        }
        threads.ifPresent(count -> arguments.addAll(List.of("--threads", String.valueOf(count))));
        cache.ifPresent(directory -> arguments.addAll(List.of("--cache", directory)));
        return ChildProcess.run(
                Submissions.onThisMachine(installation, MAIN_CLASS, Stage.EVALUATE.module(), arguments),
                ChildProcess.GRACE);
    }

    private static void refuseUnless(boolean allowed, String message) {
        if (!allowed) {
            throw new StageFailure(ExitCode.USAGE, message);
        }
    }
}
