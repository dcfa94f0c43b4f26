/** The command line and the conductor that submits the stages in order. */
package io.sparklora.pipeline.command;
