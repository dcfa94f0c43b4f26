package io.sparklora.training.merge;

import io.sparklora.pipeline.basemodel.ElementType;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line of merge. */
@Command(
        name = "merge",
        description = "Fuses an adapter into its base model and writes the model that comes of it.",
        sortOptions = false)
final class MergeArguments {
    /** The types that weights are written in. */
    enum WeightType {
        F32(ElementType.F32),
        F16(ElementType.F16),
        BF16(ElementType.BF16),
        Q8_0(ElementType.Q8_0);

        private final ElementType elements;

        WeightType(ElementType elements) {
            this.elements = elements;
        }
    }

    @Parameters(
            paramLabel = "ADAPTER_DIR",
            description =
                    "A registry version (registry/NAME/vN), a run's adapter, or any directory with PEFT's two files.")
    private String adapter = "";

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR_OR_FILE",
            description = "What to write: a directory for a base in a Hugging Face directory, a file for one in GGUF.")
    private Path output = Path.of("");

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The base model: a GGUF file or a Hugging Face directory (default: the adapter's).")
    private Optional<String> base = Optional.empty();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "Type of the weights: f32, f16, bf16, or in GGUF q8_0 (default: that of each in the base).")
    private Optional<WeightType> type = Optional.empty();

    MergeArguments() {}

    String adapter() {
        return adapter;
    }

    Path output() {
        return output;
    }

    Optional<String> base() {
        return base;
    }

    Optional<ElementType> type() {
        return type.map(chosen -> chosen.elements);
    }
}
