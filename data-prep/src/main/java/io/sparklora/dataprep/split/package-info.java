/** Which documents are trained on and which are held out. */
package io.sparklora.dataprep.split;
