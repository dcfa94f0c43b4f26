/**
 * The command line. {@code SparkLora} holds the commands, {@code Conductor} submits the stages of a run in order as
 * separate Spark applications, and {@code Submissions} decides with which settings: the lines that
 * {@code run --print-commands} prints are the ones that are run.
 */
package io.sparklora.pipeline.command;
