/**
 * From kept documents to the token dataset on storage: held-out splits, tokens, packed sequences, the ledger of dropped
 * documents, and Parquet files whose bytes depend on the content alone.
 */
package io.sparklora.dataprep.dataset;
