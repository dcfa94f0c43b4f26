/** Adapters fused into a base model, and adapters put together from others. */
package io.sparklora.training.merge;
