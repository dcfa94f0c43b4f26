/**
 * Corpus in, token dataset out. {@link io.sparklora.dataprep.Prepare} is the stage, and
 * {@link io.sparklora.dataprep.Preparation} reads as its pipeline.
 */
package io.sparklora.dataprep;
