/** Full fine-tuning: every weight of the base model trained, and the whole model that comes of it. */
package io.sparklora.training.full;
