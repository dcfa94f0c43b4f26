package io.sparklora.training.console;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How far something is: one line that is written over on a terminal, and elsewhere a line every few seconds while it
 * changes. Closing ends the line and leaves the stream open. Thread-safe.
 */
public final class LiveLine implements AutoCloseable {
    private static final long QUIET_NANOS = Duration.ofSeconds(5).toNanos();
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    /** What a stream leads to. */
    public enum Target {
        TERMINAL,
        LOG;

        /** Standard error's: a terminal's device where the system shows it, else as far as Java can tell. */
        @SuppressWarnings("SystemConsoleNull") // JDK 22 and newer say so too, where jdk.console is java.base.
        public static Target ofStandardError() {
            try {
                String device = Files.readSymbolicLink(STANDARD_ERROR).toString();
                return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") ? TERMINAL : LOG;
            } catch (IOException | UnsupportedOperationException e) {
                return System.console() == null ? LOG : TERMINAL;
            }
        }
    }

    private final PrintStream out;
    private final Target target;
    private final LongSupplier nanoTime;
    private long lastShown;
    private int lineLength;
    private String last = "";

    /**
     * A line on a stream.
     *
     * @param nanoTime as {@link System#nanoTime()}
     */
    public LiveLine(PrintStream out, Target target, LongSupplier nanoTime) {
        this.out = out;
        this.target = target;
        this.nanoTime = nanoTime;
        this.lastShown = nanoTime.getAsLong() - QUIET_NANOS;
    }

    /** A line on standard error. */
    public static LiveLine onStandardError() {
        return new LiveLine(System.err, Target.ofStandardError(), System::nanoTime);
    }

    /** Shows a line if one is due. */
    public synchronized void show(Supplier<String> line) {
        if (target == Target.TERMINAL || nanoTime.getAsLong() - lastShown >= QUIET_NANOS) {
            String text = line.get();
            if (!text.equals(last)) {
                showAtOnce(text);
            }
        }
    }

    /** Shows a line that nobody should miss, such as the last. */
    public synchronized void showAtOnce(String line) {
        lastShown = nanoTime.getAsLong();
        last = line;
        if (target == Target.TERMINAL) {
            out.print("\r" + line + " ".repeat(Math.max(0, lineLength - line.length())));
            lineLength = line.length();
        } else {
            out.println(line);
        }
        out.flush();
    }

    /** Prints a line that stays. */
    public synchronized void note(String line) {
        endLine();
        out.println(line);
        out.flush();
    }

    private void endLine() {
        if (lineLength > 0) {
            out.println();
            lineLength = 0;
        }
    }

    @Override
    public synchronized void close() {
        endLine();
        out.flush();
    }
}
