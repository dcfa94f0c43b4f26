/** Immutable adapter versions on any Hadoop file system, and the pointers that name the one in production. */
package io.sparklora.pipeline.registry;
