/**
 * Training as a Spark job: a barrier stage with one rank on each executor, and the driver's loop around it that plans
 * again on what is left when an executor is lost.
 */
package io.sparklora.training.job;
