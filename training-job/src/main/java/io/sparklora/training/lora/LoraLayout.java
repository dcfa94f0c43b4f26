package io.sparklora.training.lora;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.FullFinetuning;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.adapter.SavedModule;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderWeight;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The order of all trainable parameters in one flat fp32 vector.
 *
 * <p>Layer after layer, each layer A of its branches, group after group (q k v | o | gate up | down), then B in the same
 * order, then DoRA's magnitudes; behind all layers, modules that are trained whole. Where every weight is trained there are
 * no branches: all matrices in the model's order, so that those which one product serves lie side by side, then all norms and
 * biases. The A matrices of branches that read the same input are so one [sum of ranks, input]
 * view, which one matrix product serves. The layout depends only on the branches, so every rank and every restart agrees.
 */
public final class LoraLayout {
    private static final Comparator<LoraBranch> ORDER = Comparator.comparingInt(LoraBranch::layer)
            .thenComparing(branch -> branch.module().group())
            .thenComparingInt(branch -> branch.module().firstRow());

    private final List<LoraBranch> branches;
    private final List<LoraEntry> entries;
    private final List<SavedEntry> saved;
    private final List<WholeEntry> whole;
    private final int parameterCount;

    private LoraLayout(
            List<LoraBranch> branches,
            List<LoraEntry> entries,
            List<SavedEntry> saved,
            List<WholeEntry> whole,
            int parameterCount) {
        this.branches = branches;
        this.entries = entries;
        this.saved = saved;
        this.whole = whole;
        this.parameterCount = parameterCount;
    }

    /**
     * Lays out A and B of every branch.
     *
     * @param branches at least one, in any order, no two of one module and layer
     * @throws IllegalArgumentException where a branch is there twice or the vector would be longer than a run can hold ({@link AdapterShape#refuseTooMany})
     */
    public static LoraLayout of(Collection<LoraBranch> branches) {
        return of(branches, List.of());
    }

    /**
     * The same with modules that are trained whole behind them.
     *
     * @param modules in vector order
     */
    public static LoraLayout of(Collection<LoraBranch> branches, List<SavedModule> modules) {
        if (branches.isEmpty()) {
            throw new IllegalArgumentException("LoRA needs at least one branch");
        }
        refuseTwice(branches);
        AdapterShape.refuseTooMany(
                branches.stream().mapToLong(LoraBranch::parameters).sum()
                        + modules.stream().mapToLong(SavedModule::parameters).sum());
        List<LoraBranch> ordered = branches.stream().sorted(ORDER).toList();
        Map<Integer, List<LoraBranch>> blocks =
                ordered.stream().collect(Collectors.groupingBy(LoraBranch::layer, TreeMap::new, Collectors.toList()));
        List<LoraEntry> entries = new ArrayList<>();
        int offset = 0;
        for (List<LoraBranch> block : blocks.values()) {
            for (LoraMatrix matrix : LoraMatrix.values()) {
                for (LoraBranch branch : block) {
                    if (matrix != LoraMatrix.MAGNITUDE || branch.kind() == Kind.DORA) {
                        LoraEntry entry = new LoraEntry(branch, matrix, offset);
                        entries.add(entry);
                        offset += entry.elements();
                    }
                }
            }
        }
        List<SavedEntry> saved = new ArrayList<>();
        for (SavedModule module : modules) {
            saved.add(new SavedEntry(module, offset));
            offset += (int) module.parameters();
        }
        return new LoraLayout(ordered, List.copyOf(entries), List.copyOf(saved), List.of(), offset);
    }

    /**
     * Lays out every weight of a model.
     *
     * @param weights in the model's order, each once
     * @throws IllegalArgumentException where the vector would pass {@link AdapterShape#MOST_PARAMETERS} elements
     */
    public static LoraLayout whole(List<DecoderWeight> weights) {
        long parameters = FullFinetuning.parameters(weights);
        if (parameters > AdapterShape.MOST_PARAMETERS) {
            throw new IllegalArgumentException("at most " + AdapterShape.MOST_PARAMETERS
                    + " weights can be trained at once but the model has " + parameters);
        }
        List<WholeEntry> entries = new ArrayList<>();
        int offset = 0;
        for (DecoderWeight.Kind kind : DecoderWeight.Kind.values()) {
            for (DecoderWeight weight : weights) {
                if (weight.kind() == kind) {
                    WholeEntry entry = new WholeEntry(weight, offset);
                    entries.add(entry);
                    offset += entry.elements();
                }
            }
        }
        return new LoraLayout(List.of(), List.of(), List.of(), List.copyOf(entries), offset);
    }

    private static void refuseTwice(Collection<LoraBranch> branches) {
        Set<String> paths = new HashSet<>();
        for (LoraBranch branch : branches) {
            if (!paths.add(branch.path())) {
                throw new IllegalArgumentException(branch.path() + " has two branches");
            }
        }
    }

    /**
     * The same branches in every block of a model, of one rank and scale.
     *
     * @param rank r, from 1 to 1024 and at most the model's hidden size
     * @param scale of every branch
     * @param targets as {@link AdapterShape} takes them
     * @throws IllegalArgumentException where the rank or the targets are out of range, or the vector would be
     *     longer than a run can hold ({@link AdapterShape#refuseTooMany})
     */
    public static LoraLayout uniform(DecoderShape shape, int rank, double scale, List<String> targets) {
        return of(AdapterShape.plain(rank, 1, targets).branches(LoraModules.of(shape)).stream()
                .map(branch -> branch.with(rank, scale))
                .toList());
    }

    /** The branches in vector order, unmodifiable. */
    public List<LoraBranch> branches() {
        return branches;
    }

    /** How the base model stores the weights that the branches are added to. */
    public Orientation orientation() {
        return branches.get(0).module().orientation();
    }

    /** Modules that are trained whole, behind all matrices, unmodifiable. */
    public List<SavedEntry> saved() {
        return saved;
    }

    /** Every weight of the model, where every weight is trained, else none; unmodifiable. */
    public List<WholeEntry> whole() {
        return whole;
    }

    /** Every matrix of the branches in vector order, without gaps, unmodifiable. */
    public List<LoraEntry> entries() {
        return entries;
    }

    /** Length of the flat vector. */
    public int parameterCount() {
        return parameterCount;
    }
}
