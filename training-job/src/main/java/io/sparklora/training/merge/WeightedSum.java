package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.merge.Combination.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Adapters of one model with weights, and what comes of them.
 *
 * @param method how modules are put together
 * @param rank the one that is asked for, for {@link Combination#SVD} alone
 */
record WeightedSum(Combination method, OptionalInt rank) {
    /** Refuses a rank that the method does not take. */
    WeightedSum {
        if (rank.isPresent() && method != Combination.SVD) {
            throw new StageFailure(ExitCode.USAGE, "--rank is for --method svd: the rank of linear and cat follows");
        }
    }

    /**
     * Puts the adapters together into one of the portable profile: alpha is the rank, so that every reader's scale is 1. A
     * module that only some of them have gets theirs alone; one that none has, though it is a target, gets zeros.
     *
     * @param weights one an adapter
     * @param model what they are adapters of
     * @throws StageFailure ({@link ExitCode#USAGE}) where the ranks do not fit the method or the model, or an adapter is
     *     DoRA's
     */
    PeftAdapter of(List<PeftAdapter> adapters, List<Double> weights, DecoderShape model) {
        int resulting = rank.orElseGet(
                () -> method.rank(adapters.stream().map(WeightedSum::rank).toList()));
        List<String> targets = adapters.stream()
                .flatMap(adapter -> adapter.layout().branches().stream())
                .map(branch -> branch.module().name())
                .distinct()
                .toList();
        PeftConfig config = config(adapters.get(0).config().baseModel(), resulting, targets);
        LoraLayout layout = layout(config, model);
        float[] parameters = new float[layout.parameterCount()];
        Map<String, LowRank> combined = combined(adapters, weights, resulting);
        for (LoraEntry entry : layout.entries()) {
            LowRank module = combined.get(entry.branch().path());
            if (module != null) {
                entry.read(entry.matrix() == LoraMatrix.A ? module.a() : module.b(), parameters);
            }
        }
        return new PeftAdapter(config, layout, parameters);
    }

    private static void refuseMagnitudes(AdapterMatrices matrices, String module) {
        if (matrices.magnitudes(module).isPresent()) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "adapters with use_dora can't be combined: " + module
                            + " has a magnitude, which is no product of two matrices");
        }
    }

    /** The highest of an adapter's ranks. */
    private static int rank(PeftAdapter adapter) {
        return adapter.layout().branches().stream()
                .mapToInt(LoraBranch::rank)
                .max()
                .orElseThrow();
    }

    private static PeftConfig config(String baseModel, int rank, List<String> targets) {
        try {
            return new PeftConfig(baseModel, AdapterShape.plain(rank, rank, targets));
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, "--rank: " + e.getMessage(), e);
        }
    }

    private static LoraLayout layout(PeftConfig config, DecoderShape model) {
        try {
            return config.layout(model);
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, "the combined adapter cannot be: " + e.getMessage(), e);
        }
    }

    private Map<String, LowRank> combined(List<PeftAdapter> adapters, List<Double> weights, int resulting) {
        Map<String, List<Part>> parts = new HashMap<>();
        for (int i = 0; i < adapters.size(); i++) {
            AdapterMatrices matrices = new AdapterMatrices(adapters.get(i));
            for (String module : matrices.modules()) {
                refuseMagnitudes(matrices, module);
                parts.computeIfAbsent(module, absent -> new ArrayList<>())
                        .add(new Part(matrices.matrices(module), weights.get(i)));
            }
        }
        Map<String, LowRank> combined = new HashMap<>();
        parts.forEach((module, shares) -> combined.put(module, method.combined(shares, resulting)));
        return combined;
    }
}
