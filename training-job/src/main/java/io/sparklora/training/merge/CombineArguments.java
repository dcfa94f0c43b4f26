package io.sparklora.training.merge;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line of combine. */
@Command(
        name = "combine",
        description = "Puts weighted adapters of one base model together into one adapter.",
        sortOptions = false)
final class CombineArguments {
    @Parameters(
            arity = "1..*",
            paramLabel = "ADAPTER_DIR:WEIGHT",
            description = "A registry version, a run's adapter or any directory with PEFT's two files, and its weight.")
    private List<String> adapters = List.of();

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The directory to write PEFT's two files into.")
    private Path output = Path.of("");

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            defaultValue = "CAT",
            description =
                    "linear sums the factors, cat puts them side by side, svd approximates the sum (default: cat).")
    private Combination method = Combination.CAT;

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The base model: a GGUF file or a Hugging Face directory (default: the adapters').")
    private Optional<String> base = Optional.empty();

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "Rank of what svd writes (default: the highest of the adapters').")
    private @Nullable Integer rank;

    CombineArguments() {}

    List<WeightedAdapter> adapters() {
        return adapters.stream().map(WeightedAdapter::parse).toList();
    }

    Path output() {
        return output;
    }

    Combination method() {
        return method;
    }

    Optional<String> base() {
        return base;
    }

    OptionalInt rank() {
        return rank == null ? OptionalInt.empty() : OptionalInt.of(rank);
    }
}
