package io.sparklora.pipeline.basemodel;

/**
 * What Falcon's switches make of its blocks (transformers 5.23.0, {@code models/falcon/modeling_falcon.py}).
 *
 * @param config the configuration
 */
record FalconVariant(JsonFields config) {
    private boolean flag(String field, boolean absent) {
        return config.flag(field).orElse(absent);
    }

    private boolean isNew() {
        return flag("new_decoder_architecture", false);
    }

    /** One for all heads by default; the new architecture states how many. */
    int keyValueHeads(int heads) {
        int stated = config.whole("num_kv_heads").orElse(heads);
        if (isNew()) {
            return stated;
        }
        if (flag("multi_query", true)) {
            return 1;
        }
        if (stated != heads) {
            throw config.refusal("num_kv_heads", "num_attention_heads " + heads + " where multi_query is false");
        }
        return heads;
    }

    NormPlacement normPlacement() {
        int norms = config.whole("num_ln_in_parallel_attn").orElse(isNew() ? 2 : 1);
        if (norms != 1 && !(isNew() && norms == 2)) {
            throw config.refusal("num_ln_in_parallel_attn", isNew() ? "1 or 2" : "1");
        }
        if (flag("parallel_attn", true)) {
            return norms == 2 ? NormPlacement.PARALLEL : NormPlacement.PARALLEL_SHARED;
        }
        if (isNew()) {
            throw config.refusal("parallel_attn", "true with new_decoder_architecture");
        }
        return NormPlacement.BEFORE;
    }

    boolean biases() {
        return flag("bias", false);
    }

    boolean alibi() {
        return flag("alibi", false);
    }
}
