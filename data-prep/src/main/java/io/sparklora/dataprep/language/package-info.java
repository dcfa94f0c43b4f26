/** Which language a document is in. */
package io.sparklora.dataprep.language;
