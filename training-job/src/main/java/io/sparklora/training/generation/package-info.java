/** Text out of a base model with an adapter, one token at a time: how the next one is chosen, and how bytes become text. */
package io.sparklora.training.generation;
