/** The token dataset as training reads it: which sequences make which step, and the sequences themselves. */
package io.sparklora.training.data;
