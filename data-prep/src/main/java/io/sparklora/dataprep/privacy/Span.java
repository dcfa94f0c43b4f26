package io.sparklora.dataprep.privacy;

/**
 * A stretch of a text.
 *
 * @param start first character (UTF-16 unit)
 * @param end character after the last, greater than start
 */
record Span(int start, int end) {}
