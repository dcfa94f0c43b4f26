package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.FamilyNames;
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
        FamilyNames names = FamilyNames.of(shape);
        return new LoraModules(
                shape.layers(),
                Math.min(LoraBranch.MAX_RANK, shape.hiddenSize()),
                names.layers().stream()
                        .map(layer -> module(names, layer, shape))
                        .toList());
    }

    /** A layer that is cut into parts has the rows of all; its first row is that of the first part. */
    private static LoraModule module(FamilyNames names, FamilyNames.Layer layer, DecoderShape shape) {
        List<LoraModule> parts = layer.parts().stream()
                .map(part -> LoraTarget.of(part).module(shape))
                .toList();
        LoraModule first = parts.get(0);
        return new LoraModule(
                names.blocks(),
                layer.path(),
                first.group(),
                first.firstRow(),
                parts.stream().mapToInt(LoraModule::rows).sum(),
                first.columns(),
                heads(names, parts, shape),
                names.orientation());
    }

    private static HeadGroups heads(FamilyNames names, List<LoraModule> parts, DecoderShape shape) {
        boolean fused = parts.size() > 1 && parts.get(0).group() == LoraGroup.QUERY_KEY_VALUE;
        return fused && names.heads() == FamilyNames.HeadOrder.BY_KEY_VALUE_HEAD
                ? new HeadGroups(
                        shape.keyValueHeads(), shape.attentionHeads() / shape.keyValueHeads(), shape.headSize())
                : HeadGroups.NONE;
    }

    /** The paths of all modules in all blocks. */
    Stream<String> paths() {
        return IntStream.range(0, layers).boxed().flatMap(layer -> modules.stream()
                .map(module -> module.pathIn(layer)));
    }
}
