package io.sparklora.pipeline;

import org.jspecify.annotations.Nullable;

/** A stage can't go on: one line for the user, and the exit code that a scheduler acts on. */
public final class StageFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    /** @param message one line: what was wrong, the value, what is allowed, and where */
    public StageFailure(ExitCode exitCode, String message) {
        this(exitCode, message, null);
    }

    /** As above, keeping the cause for the log. */
    public StageFailure(ExitCode exitCode, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** What the process exits with. */
    public ExitCode exitCode() {
        return exitCode;
    }

    @Override
    public String getMessage() {
        String message = super.getMessage();
        return message == null ? exitCode.kind() : message;
    }
}
