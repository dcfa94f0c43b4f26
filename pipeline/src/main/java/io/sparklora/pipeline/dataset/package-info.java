/** The token dataset: the contract between data-prep, which writes it, and training-job, which reads it. */
package io.sparklora.pipeline.dataset;
