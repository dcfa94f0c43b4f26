/**
 * One YAML file as records, parsed strictly: an unknown, duplicate or out-of-range key fails before Spark starts,
 * naming the key's path, the value, what is allowed, the file and the line. The records are the reference: the
 * configuration page of the docs is generated from them.
 */
package io.sparklora.pipeline.config;
