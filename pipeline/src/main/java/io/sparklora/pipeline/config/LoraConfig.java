package io.sparklora.pipeline.config;

import java.util.List;
import java.util.Set;

/** The adapter's shape: h = W0 x + (alpha/rank) B A x on each target. */
public record LoraConfig(
        @Key(value = "Rank r of A and B.", or = "8", min = 1, max = 256)
        int rank,

        @Key(value = "Scaling alpha; the branch is multiplied by alpha/rank.", or = "16", min = 1, max = 4096)
        int alpha,

        @Key(
                value = "Linear layers that get a branch, by PEFT's names (q_proj, k_proj, v_proj, o_proj, "
                        + "gate_proj, up_proj, down_proj), or `all-linear`.",
                or = "all-linear",
                pattern = "all-linear|(q|k|v|o|gate|up|down)_proj")
        List<String> targets) {
    /** Refuses no targets, a target that is given twice, and {@code all-linear} among others. */
    public LoraConfig {
        targets = List.copyOf(targets);
        if (targets.isEmpty()
                || Set.copyOf(targets).size() != targets.size()
                || (targets.contains("all-linear") && targets.size() > 1)) {
            throw new IllegalArgumentException(
                    "targets must be all-linear alone, or names of layers, each once, but was "
                            + String.join(", ", targets));
        }
    }
}
