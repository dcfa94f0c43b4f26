package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The linear layers of a model's decoder blocks that can carry a branch, the same in every block.
 *
 * @param layers number of blocks
 * @param largestRank the largest rank of a branch
 * @param modules in the order of the flat parameter vector: group after group, by their first rows
 */
public record LoraModules(int layers, int largestRank, List<LoraModule> modules) {
    /** Copies the list. */
    public LoraModules {
        modules = List.copyOf(modules);
    }

    /** What a model of this shape has. */
    public static LoraModules of(DecoderShape shape) {
        return new LoraModules(
                shape.layers(),
                Math.min(LoraBranch.MAX_RANK, shape.hiddenSize()),
                Stream.of(LoraTarget.values())
                        .map(target -> target.module(shape))
                        .toList());
    }

    /** The paths of all modules in all blocks. */
    Stream<String> paths() {
        return IntStream.range(0, layers).boxed().flatMap(layer -> modules.stream()
                .map(module -> module.pathIn(layer)));
    }
}
