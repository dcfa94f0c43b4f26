package io.sparklora.pipeline.basemodel;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Counts what passes through. */
final class CountedOutput extends FilterOutputStream {
    private long count;

    CountedOutput(OutputStream out) {
        super(out);
    }

    @Override
    public void write(int value) throws IOException {
        out.write(value);
        count++;
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        out.write(bytes, from, length);
        count += length;
    }

    long count() {
        return count;
    }

    /** Throws where a tensor's bytes are not as many as its header says. */
    void require(String tensor, long bytes) {
        if (count != bytes) {
            throw new IllegalStateException("tensor " + tensor + " was to have " + bytes + " bytes but got " + count);
        }
    }
}
