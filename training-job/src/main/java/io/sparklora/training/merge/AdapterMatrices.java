package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;

/** An adapter's matrices by the modules that they belong to. */
final class AdapterMatrices {
    private final PeftAdapter adapter;
    private final SortedSet<String> modules = new TreeSet<>();
    private final Map<String, LoraEntry> entriesA = new HashMap<>();
    private final Map<String, LoraEntry> entriesB = new HashMap<>();

    /** @throws StageFailure ({@link ExitCode#USAGE}) where a branch is more than a product of two matrices */
    AdapterMatrices(PeftAdapter adapter) {
        this.adapter = adapter;
        refuseSaved(adapter);
        for (LoraEntry entry : adapter.layout().entries()) {
            refuseMagnitudes(entry);
            String module = entry.branch().path();
            modules.add(module);
            (entry.matrix() == LoraMatrix.A ? entriesA : entriesB).put(module, entry);
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

    private static void refuseMagnitudes(LoraEntry entry) {
        if (entry.branch().kind() == Kind.DORA) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "adapters with use_dora can't be merged or combined: "
                            + entry.branch().path() + " has a magnitude, which is no product of two matrices");
        }
    }

    /** Every module with matrices by its path in the model, such as {@code model.layers.3.self_attn.q_proj}. */
    SortedSet<String> modules() {
        return Collections.unmodifiableSortedSet(modules);
    }

    /** A module's matrices as PEFT has them, copied. */
    LowRank matrices(String module) {
        float[] parameters = adapter.parameters();
        LoraEntry a = Objects.requireNonNull(entriesA.get(module));
        LoraEntry b = Objects.requireNonNull(entriesB.get(module));
        return new LowRank(
                a.rows(),
                a.columns(),
                b.rows(),
                a.stored(parameters),
                b.stored(parameters),
                a.branch().scale());
    }
}
