package io.sparklora.training.model;

/** The two ways in which the program computes attention; their results differ in rounding only. */
enum AttentionKernel {
    /** PyTorch's flash operators for CPUs. */
    FUSED,
    /** Products over blocks of queries, on any device. */
    BLOCKS
}
