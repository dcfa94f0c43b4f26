package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The linear layers of a model's decoder blocks that can carry a branch, the same in every block.
 *
 * @param layers number of blocks
 * @param modules in the order of the flat parameter vector: group after group, by their first rows
 */
public record LoraModules(int layers, List<LoraModule> modules) {
    /** The name that stands for every module. */
    public static final String ALL_LINEAR = "all-linear";

    /** Copies the list. */
    public LoraModules {
        modules = List.copyOf(modules);
    }

    /** What a model of this shape has. */
    public static LoraModules of(DecoderShape shape) {
        return new LoraModules(
                shape.layers(),
                Stream.of(LoraTarget.values())
                        .map(target -> target.module(shape))
                        .toList());
    }

    /**
     * The modules of some names.
     *
     * @param names PEFT's names, or {@value #ALL_LINEAR} alone
     * @return in the order of the vector, at least one
     * @throws IllegalArgumentException where a name is unknown or beside {@value #ALL_LINEAR}, or none is given
     */
    public List<LoraModule> named(Collection<String> names) {
        if (names.size() == 1 && names.contains(ALL_LINEAR)) {
            return modules;
        }
        List<String> known = modules.stream().map(LoraModule::name).toList();
        for (String name : names) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException("LoRA target must be one of " + allowed() + ", or " + ALL_LINEAR
                        + " alone, but was " + name);
            }
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("LoRA needs at least one target of " + allowed());
        }
        return modules.stream().filter(module -> names.contains(module.name())).toList();
    }

    private String allowed() {
        return modules.stream().map(LoraModule::name).collect(Collectors.joining(", "));
    }

    /**
     * A branch for some modules in every block.
     *
     * @param rank r of each
     * @param scale of each
     * @param names as {@link #named} takes them
     */
    public List<LoraBranch> branches(int rank, double scale, Collection<String> names) {
        List<LoraModule> chosen = named(names);
        return Stream.iterate(0, layer -> layer + 1)
                .limit(layers)
                .flatMap(layer -> chosen.stream().map(module -> new LoraBranch(layer, module, rank, scale)))
                .toList();
    }
}
