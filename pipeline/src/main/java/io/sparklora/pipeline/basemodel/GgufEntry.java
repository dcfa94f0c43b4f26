package io.sparklora.pipeline.basemodel;

/**
 * A metadata entry of a GGUF file.
 *
 * @param key its key
 * @param value what it says, without the width that the file gives it
 * @param start byte of the file at which the entry starts, its key included
 * @param end byte after it
 */
record GgufEntry(String key, GgufValue value, long start, long end) {}
