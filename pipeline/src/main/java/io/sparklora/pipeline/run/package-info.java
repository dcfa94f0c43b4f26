/**
 * One run on storage: where everything lies, how a stage's output becomes visible all at once (its manifest last), and
 * what a stage reports.
 */
package io.sparklora.pipeline.run;
