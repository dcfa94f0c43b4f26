package io.sparklora.dataprep.step;

/**
 * Why a step drops documents.
 *
 * @param step the step's name, such as {@code length}
 * @param word the reason's name in funnel and ledger, such as {@code too-short}
 */
public record DropReason(String step, String word) {}
