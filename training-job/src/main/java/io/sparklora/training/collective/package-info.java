/**
 * Sums over ranks that do not depend on how many ranks there are: integers are added around a ring over TCP or TLS, and
 * fp32 gradients become integers at a scale that all ranks agree on first.
 */
package io.sparklora.training.collective;
