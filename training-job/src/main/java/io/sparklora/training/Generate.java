package io.sparklora.training;

import io.sparklora.training.generation.GenerateCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Text out of a base model with an adapter, streamed to standard output as UTF-8. A plain JVM without a SparkContext, so
 * spark-submit with {@code local[1]} and {@code java -cp} both run it. {@code --help} lists the arguments.
 */
public final class Generate {
    private Generate() {}

    /**
     * Runs the command and ends the process.
     *
     * @param args {@code ADAPTER_DIR --prompt TEXT [options]}
     */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        int exitCode = new GenerateCommand(out, System.err).run(args);
        System.exit(exitCode);
    }
}
