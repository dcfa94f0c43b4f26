/**
 * The update of one flat fp32 vector: AdamW, clipping by the global norm, learning-rate schedules. Plain Java whose
 * results are the same bits on every JVM: no fused multiply-add, no Vector API, no intrinsic that may differ by an ulp.
 */
package io.sparklora.training.optimizer;
