/**
 * What a dataset is made of, for people: figures that Spark counts in two jobs, some documents of each fate, and the page
 * that shows them. Of texts it holds excerpts alone, taken after private values were found and taken out.
 */
package io.sparklora.dataprep.statistics;
