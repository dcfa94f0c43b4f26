package io.sparklora.pipeline.config;

import java.util.List;

/** The adapter's shape: h = W0 x + (alpha/rank) B A x on each target. */
public record LoraConfig(
        @Key(value = "Rank r of A and B.", or = "8", min = 1, max = 256)
        int rank,

        @Key(value = "Scaling alpha; the branch is multiplied by alpha/rank.", or = "16", min = 1, max = 4096)
        int alpha,

        @Key(
                value = "Linear layers that get a branch, by PEFT's names (q_proj, k_proj, v_proj, o_proj, "
                        + "gate_proj, up_proj, down_proj), or `all-linear`.",
                or = "all-linear")
        List<String> targets) {
    public LoraConfig {
        targets = List.copyOf(targets);
    }
}
