/** A person at a terminal: a line that shows how far a stage is, and Ctrl-C, which ends it cleanly. */
package io.sparklora.training.console;
