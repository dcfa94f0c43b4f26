/** Reading the corpus: files of every format, and tables, as rows of one shape, with what is wrong with malformed ones. */
package io.sparklora.dataprep.corpus;
