package io.sparklora.pipeline.adapter;

/**
 * Linear layers of a decoder block that read the same input and whose outputs lie side by side, so that one matrix
 * product serves them. In the order in which the program computes them.
 */
public enum LoraGroup {
    /** Queries, keys and values. */
    QUERY_KEY_VALUE,
    /** Attention's output. */
    ATTENTION_OUTPUT,
    /** What the MLP begins with: gate and ascent, or the ascent alone. */
    GATE_UP,
    /** The MLP's descent. */
    DOWN
}
