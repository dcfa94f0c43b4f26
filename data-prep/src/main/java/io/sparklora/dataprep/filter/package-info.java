/**
 * Quality filters: rules that measure one document and drop it where a figure is out of bounds. Their decisions are those
 * of datatrove's filters of the same names on the same words ({@link io.sparklora.dataprep.filter.Words}).
 */
package io.sparklora.dataprep.filter;
