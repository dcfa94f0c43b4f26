/**
 * The judgement on an adapter: held-out losses of base, adapter and champion, computed on the executors and summed in one
 * order, and the gate that compares them.
 */
package io.sparklora.training.evaluation;
