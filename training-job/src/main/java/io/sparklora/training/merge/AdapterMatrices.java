package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** An adapter's matrices by the modules that they belong to. */
final class AdapterMatrices {
    private final PeftAdapter adapter;
    private final SortedSet<String> modules = new TreeSet<>();
    private final Map<LoraMatrix, Map<String, LoraEntry>> entries = new EnumMap<>(LoraMatrix.class);

    /** @throws StageFailure ({@link ExitCode#USAGE}) where the adapter has more than branches */
    AdapterMatrices(PeftAdapter adapter) {
        this.adapter = adapter;
        refuseSaved(adapter);
        for (LoraEntry entry : adapter.layout().entries()) {
            String module = entry.branch().path();
            modules.add(module);
            entries.computeIfAbsent(entry.matrix(), absent -> new HashMap<>()).put(module, entry);
        }
    }

    private static void refuseSaved(PeftAdapter adapter) {
        if (!adapter.layout().saved().isEmpty()) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "adapters with modules_to_save can't be merged or combined: "
                            + adapter.layout().saved().get(0).module().path()
                            + " is a matrix of the adapter's own, which is no sum with the base's");
        }
    }

    /** Every module with matrices by its path in the model, such as {@code model.layers.3.self_attn.q_proj}. */
    SortedSet<String> modules() {
        return Collections.unmodifiableSortedSet(modules);
    }

    /** A module's matrices as PEFT has them, copied. */
    LowRank matrices(String module) {
        float[] parameters = adapter.parameters();
        LoraEntry a = entry(LoraMatrix.A, module).orElseThrow();
        LoraEntry b = entry(LoraMatrix.B, module).orElseThrow();
        return new LowRank(
                a.rows(),
                a.columns(),
                b.rows(),
                a.stored(parameters),
                b.stored(parameters),
                a.branch().scale());
    }

    /** The norms that DoRA gives a module's outputs, in the order of B's rows, copied; none where it is plain LoRA. */
    Optional<float[]> magnitudes(String module) {
        return entry(LoraMatrix.MAGNITUDE, module).map(entry -> entry.stored(adapter.parameters()));
    }

    private Optional<LoraEntry> entry(LoraMatrix matrix, String module) {
        return Optional.ofNullable(entries.getOrDefault(matrix, Map.of()).get(module));
    }
}
