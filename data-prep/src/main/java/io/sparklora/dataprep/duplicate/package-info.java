/**
 * Documents that are nearly the same: shingles of words, MinHash signatures, bands that make candidates, and the clusters
 * that pairs of similar documents form.
 */
package io.sparklora.dataprep.duplicate;
