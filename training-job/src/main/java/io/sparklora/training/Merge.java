package io.sparklora.training;

import io.sparklora.training.merge.MergeCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * An adapter fused into its base model. A plain JVM without a SparkContext, as {@link Generate} is. {@code --help} lists
 * the arguments.
 */
public final class Merge {
    private Merge() {}

    /**
     * Runs the command and ends the process.
     *
     * @param args {@code ADAPTER_DIR --output DIR|FILE.gguf [options]}
     */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.exit(new MergeCommand(out, System.err).run(args));
    }
}
