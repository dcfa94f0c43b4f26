package io.sparklora.pipeline.basemodel;

import java.util.Optional;

/** Which norms a decoder block has, by their names in Hugging Face's checkpoints. */
public enum NormPlacement {
    /** Before attention and before the feed-forward (Llama). */
    BEFORE("input_layernorm", "", "post_attention_layernorm", ""),
    /** After attention and after the feed-forward, before they are added (OLMo 2). */
    AFTER("", "post_attention_layernorm", "", "post_feedforward_layernorm"),
    /** On both sides of attention and of the feed-forward (Gemma 2 and 3). */
    BEFORE_AND_AFTER(
            "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"),
    /** Attention and feed-forward both read the block's input, each through a norm of its own (GPT-NeoX). */
    PARALLEL("input_layernorm", "", "post_attention_layernorm", ""),
    /** Attention and feed-forward both read the block's input through one norm (Falcon). */
    PARALLEL_SHARED("input_layernorm", "", "input_layernorm", "");

    private final String beforeAttention;
    private final String afterAttention;
    private final String beforeFeedForward;
    private final String afterFeedForward;

    NormPlacement(String beforeAttention, String afterAttention, String beforeFeedForward, String afterFeedForward) {
        this.beforeAttention = beforeAttention;
        this.afterAttention = afterAttention;
        this.beforeFeedForward = beforeFeedForward;
        this.afterFeedForward = afterFeedForward;
    }

    /** Whether the feed-forward reads the block's input, not what attention made of it. */
    public boolean isParallel() {
        return this == PARALLEL || this == PARALLEL_SHARED;
    }

    /** The norm of attention's input. */
    public Optional<String> beforeAttention() {
        return named(beforeAttention);
    }

    /** The norm of attention's output. */
    public Optional<String> afterAttention() {
        return named(afterAttention);
    }

    /** The norm of the feed-forward's input. */
    public Optional<String> beforeFeedForward() {
        return named(beforeFeedForward);
    }

    /** The norm of the feed-forward's output. */
    public Optional<String> afterFeedForward() {
        return named(afterFeedForward);
    }

    private static Optional<String> named(String name) {
        return Optional.of(name).filter(found -> !found.isEmpty());
    }
}
