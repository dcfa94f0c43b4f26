/** The adapter: the contract between training-job, which writes it, and whatever judges, publishes or serves it. */
package io.sparklora.pipeline.adapter;
