package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One adapter out of several. */
@Command(name = "combine", description = "Puts weighted adapters of one base model together into one adapter.")
final class CombineCommand implements Callable<Integer> {
    private static final String MAIN_CLASS = "io.sparklora.training.Combine";

    /** How modules are put together. */
    enum Method {
        LINEAR,
        CAT,
        SVD
    }

    private final Installation installation;

    @Parameters(
            arity = "1..*",
            paramLabel = "ADAPTER:WEIGHT",
            description = "A version's directory, or any directory with PEFT's two files, and its weight.")
    private List<String> adapters;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The directory to write PEFT's two files into; refused where it is there already.")
    private String output;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            defaultValue = "cat",
            description =
                    "cat is exact and of the ranks' sum; svd is the best of a rank; linear sums the factors, a rough"
                            + " approximation (${DEFAULT-VALUE}).")
    private Method method;

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The base model; by default the one that the first version's manifest names.")
    private Optional<String> base = Optional.empty();

    @Option(names = "--rank", paramLabel = "R", description = "Rank of what svd writes (the highest of the adapters').")
    private Optional<Integer> rank = Optional.empty();

    CombineCommand(Installation installation) {
        this.installation = installation;
    }

    @Override
    public Integer call() {
        List<String> arguments = new ArrayList<>(adapters);
        arguments.addAll(List.of("--output", output, "--method", method.name().toLowerCase(Locale.ROOT)));
        arguments.addAll(List.of("--base", base.orElseGet(this::baseOfFirst)));
        rank.ifPresent(chosen -> arguments.addAll(List.of("--rank", String.valueOf(chosen))));
        return ChildProcess.run(
                Submissions.onThisMachine(installation, MAIN_CLASS, Stage.EVALUATE.module(), arguments),
                ChildProcess.GRACE);
    }

    private String baseOfFirst() {
        String first = adapters.get(0);
        int colon = first.lastIndexOf(':');
        if (colon < 1) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "an adapter must be given as ADAPTER:WEIGHT, as registry/a/v1:0.7, but was " + first);
        }
        return BaseOfVersion.model(installation, first.substring(0, colon));
    }
}
