/**
 * What the stages of a run agree on. {@link io.sparklora.pipeline.Stage} names every stage, its main class, its inputs
 * and its outputs; the packages below hold the configuration, the layout and transactions of a run, the token dataset's
 * and the adapter's contracts, the base model's readers, the registry, and the command that runs the stages in order.
 * Nothing here knows Spark SQL or DJL.
 */
package io.sparklora.pipeline;
