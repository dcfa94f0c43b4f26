package io.sparklora.training;

import io.sparklora.training.merge.CombineCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Weighted adapters put together into one. A plain JVM without a SparkContext, as {@link Generate} is. {@code --help}
 * lists the arguments.
 */
public final class Combine {
    private Combine() {}

    /**
     * Runs the command and ends the process.
     *
     * @param args {@code ADAPTER_DIR:WEIGHT... --output DIR [options]}
     */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.exit(new CombineCommand(out, System.err).run(args));
    }
}
