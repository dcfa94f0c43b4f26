package io.sparklora.pipeline.basemodel;

/**
 * A base model, or a tensor file, that is missing, malformed or beyond what this project computes. The message is one
 * line: the file, the tensor, key or byte offset, the value, and what is allowed.
 */
public final class InvalidBaseModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A refusal with its one-line message. */
    public InvalidBaseModelException(String message) {
        super(message);
    }

    /** A refusal with its one-line message and what was thrown below it. */
    public InvalidBaseModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
