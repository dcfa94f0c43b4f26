/**
 * Personal data and secrets in texts: a pattern finds candidates in linear time, a library or the issuer's published rule
 * decides whether a candidate is one, and what was found never leaves the text but as a count.
 */
package io.sparklora.dataprep.privacy;
