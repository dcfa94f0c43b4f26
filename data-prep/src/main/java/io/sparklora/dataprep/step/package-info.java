/**
 * What happens to a document between reading and tokenising: a list of steps, each of which changes texts or drops
 * documents for reasons that it names.
 */
package io.sparklora.dataprep.step;
