package io.sparklora.pipeline.command;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Text out of a base model with an adapter. */
@Command(name = "generate", description = "Goes on with a prompt, as the base model with an adapter does.")
final class GenerateCommand implements Callable<Integer> {
    private static final String MAIN_CLASS = "io.sparklora.training.Generate";

    private final Installation installation;

    @Parameters(
            paramLabel = "ADAPTER",
            description = "A version's directory (registry/NAME/vN), or any directory with PEFT's two files.")
    private String adapter;

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
        List<String> arguments = new ArrayList<>(List.of(
                adapter,
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
                base.orElseGet(this::baseOfVersion)));
        threads.ifPresent(count -> arguments.addAll(List.of("--threads", String.valueOf(count))));
        cache.ifPresent(directory -> arguments.addAll(List.of("--cache", directory)));
        return ChildProcess.run(
                Submissions.generate(installation, MAIN_CLASS, Stage.EVALUATE.module(), arguments), ChildProcess.GRACE);
    }

    private static void refuseUnless(boolean allowed, String message) {
        if (!allowed) {
            throw new StageFailure(ExitCode.USAGE, message);
        }
    }

    private String baseOfVersion() {
        Path file = new Path(adapter, RunLayout.MANIFEST);
        Storage storage = StageMain.storage();
        if (!storage.exists(file)) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "there is no " + file + " to name the base model: is it an adapter? Say --base MODEL");
        }
        VersionManifest manifest = Json.parse(VersionManifest.class, storage.read(file), file);
        JsonNode config = Json.parse(JsonNode.class, manifest.config().getBytes(StandardCharsets.UTF_8), file);
        JsonNode model = config.path("base").path("model");
        if (!model.isTextual()) {
            throw new StageFailure(ExitCode.MISMATCH, file + " names no base model: say --base MODEL");
        }
        return found(model.asText());
    }

    /** A relative path is the run's working directory's; most runs are started where Spark LoRA lies. */
    private String found(String model) {
        java.nio.file.Path atHome = installation.home().resolve(model);
        return !Files.exists(java.nio.file.Path.of(model)) && Files.exists(atHome) ? atHome.toString() : model;
    }
}
