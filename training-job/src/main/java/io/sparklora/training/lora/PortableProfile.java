package io.sparklora.training.lora;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModules;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An adapter so described that every server computes the same with it: one rank r and one alpha, so that alpha / r is
 * each branch's factor. vLLM multiplies by alpha / r of {@code adapter_config.json}, llama.cpp by alpha over the rank of
 * the tensor, and both pass over {@code rank_pattern} and {@code alpha_pattern}; so ranks are filled up with zeros, and
 * what another factor is wanted for is folded into B. An adapter of one rank and alpha / r stays as it is, to the byte.
 * DoRA's magnitudes and modules that are trained whole,
 * which only PEFT knows, are left as they are.
 */
final class PortableProfile {
    private final String baseModel;
    private final int alpha;
    private final LoraModules model;
    private final LoraLayout layout;
    private final int rank;

    /**
     * @param baseModel the base model's file or directory name
     * @param alpha the alpha that is to be written, at least 1
     * @param model the base model's modules
     * @param layout the adapter's branches over them
     */
    PortableProfile(String baseModel, int alpha, LoraModules model, LoraLayout layout) {
        this.baseModel = baseModel;
        this.alpha = alpha;
        this.model = model;
        this.layout = layout;
        this.rank = layout.branches().stream().mapToInt(LoraBranch::rank).max().orElseThrow();
    }

    /** The adapter with the layout's parameters. */
    PeftAdapter adapter(float[] parameters) {
        double scale = (double) alpha / rank;
        LoraLayout even = LoraLayout.of(
                layout.branches().stream()
                        .map(branch -> branch.with(rank, scale))
                        .toList(),
                layout.saved().stream().map(SavedEntry::module).toList());
        float[] folded = new float[even.parameterCount()];
        for (int i = 0; i < layout.entries().size(); i++) {
            LoraEntry from = layout.entries().get(i);
            double factor = from.matrix() == LoraMatrix.B ? from.branch().scale() / scale : 1;
            copy(from, parameters, factor, even.entries().get(i), folded);
        }
        for (int i = 0; i < layout.saved().size(); i++) {
            SavedEntry from = layout.saved().get(i);
            System.arraycopy(
                    parameters, from.offset(), folded, even.saved().get(i).offset(), from.elements());
        }
        return new PeftAdapter(new PeftConfig(baseModel, shape()), even, folded);
    }

    /** Rows and columns that are too many stay zero. */
    private static void copy(LoraEntry from, float[] source, double factor, LoraEntry to, float[] target) {
        for (int row = 0; row < from.rows(); row++) {
            for (int column = 0; column < from.columns(); column++) {
                float value = source[from.offset() + row * from.columns() + column];
                target[to.offset() + row * to.columns() + column] = (float) (value * factor);
            }
        }
    }

    /** The shortest description that means these branches and no others: names, ends of paths, whole paths. */
    private AdapterShape shape() {
        List<Integer> layers =
                layout.branches().stream().map(LoraBranch::layer).distinct().toList();
        List<Integer> some = layers.size() == model.layers() ? List.of() : layers;
        Set<String> wanted = paths(layout.branches());
        return Stream.of(
                        shape(branch -> branch.module().name()).within(some),
                        shape(branch -> branch.module().path()).within(some),
                        shape(LoraBranch::path))
                .filter(shape -> paths(shape.branches(model)).equals(wanted))
                .findFirst()
                .orElseThrow();
    }

    private AdapterShape shape(Function<LoraBranch, String> target) {
        List<String> targets = layout.branches().stream().map(target).distinct().toList();
        return AdapterShape.plain(rank, alpha, targets)
                .as(layout.branches().get(0).kind())
                .saving(layout.saved().stream()
                        .map(entry -> entry.module().name())
                        .toList());
    }

    private static Set<String> paths(List<LoraBranch> branches) {
        return branches.stream().map(LoraBranch::path).collect(Collectors.toSet());
    }
}
