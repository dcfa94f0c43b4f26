/** The state of a run between two steps, saved so that a run killed at any moment goes on to the same bytes. */
package io.sparklora.training.checkpoint;
