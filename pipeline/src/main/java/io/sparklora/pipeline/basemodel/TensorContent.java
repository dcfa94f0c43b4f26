package io.sparklora.pipeline.basemodel;

import java.io.IOException;
import java.io.OutputStream;

/** A tensor's bytes, made when it is their turn to be written. */
@FunctionalInterface
interface TensorContent {
    /** Writes exactly the bytes that the tensor's type and shape call for; the stream is left open. */
    void writeTo(OutputStream out) throws IOException;
}
