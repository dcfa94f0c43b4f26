/**
 * Instruction and chat samples: what a row of the corpus says, its rendering by the model's own chat template, and which
 * of its tokens the model has to learn.
 */
package io.sparklora.dataprep.sample;
