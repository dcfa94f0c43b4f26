/** Training documents that share text with what the adapter is judged by. */
package io.sparklora.dataprep.contamination;
