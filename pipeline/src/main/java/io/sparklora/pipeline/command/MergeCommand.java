package io.sparklora.pipeline.command;

import io.sparklora.pipeline.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A base model with an adapter in its weights. */
@Command(
        name = "merge",
        description = "Fuses an adapter into its base model and writes the model that comes of it: a Hugging Face"
                + " directory from one, a GGUF file from one.")
final class MergeCommand implements Callable<Integer> {
    private static final String MAIN_CLASS = "io.sparklora.training.Merge";

    /** The types that weights are written in. */
    enum WeightType {
        F32,
        F16,
        BF16,
        Q8_0
    }

    private final Installation installation;

    @Parameters(
            paramLabel = "ADAPTER",
            description = "A version's directory (registry/NAME/vN), or any directory with PEFT's two files.")
    private String adapter;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR_OR_FILE",
            description = "What to write; refused where it is there already.")
    private String output;

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The base model; by default the one that the version's manifest names.")
    private Optional<String> base = Optional.empty();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "Type of the weights: f32, f16, bf16, or in GGUF q8_0 (that of each in the base).")
    private Optional<WeightType> type = Optional.empty();

    MergeCommand(Installation installation) {
        this.installation = installation;
    }

    @Override
    public Integer call() {
        String model = base.orElseGet(() -> BaseOfVersion.model(installation, adapter));
        List<String> arguments = new ArrayList<>(List.of(adapter, "--output", output, "--base", model));
        type.ifPresent(
                chosen -> arguments.addAll(List.of("--type", chosen.name().toLowerCase(Locale.ROOT))));
        return ChildProcess.run(
                Submissions.onThisMachine(installation, MAIN_CLASS, Stage.EVALUATE.module(), arguments),
                ChildProcess.GRACE);
    }
}
