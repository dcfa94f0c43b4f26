package io.sparklora.training.console;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import java.io.PrintStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A command that is a process of its own, beside the stages.
 *
 * @param name as the user typed it
 * @param out takes what the command is for
 * @param err takes errors, a line each
 */
public record StandaloneCommand(String name, PrintStream out, PrintStream err) {
    private static final Logger LOG = LoggerFactory.getLogger(StandaloneCommand.class);

    /** What a command does with its arguments. */
    @FunctionalInterface
    public interface Work<T> {
        /** Does it. */
        void run(T arguments);
    }

    /**
     * Parses a command line and does the work, unless help was asked for, which is then printed.
     *
     * @param arguments an object with picocli's annotations
     * @return the process's exit status, see {@link ExitCode}
     */
    public <T> int run(T arguments, String[] args, Work<T> work) {
        try {
            if (parsed(arguments, args)) {
                work.run(arguments);
            }
            return ExitCode.DONE.code();
        } catch (StageFailure e) {
            LOG.debug("{} failed", name, e);
            return failed(e.exitCode(), e.getMessage());
        } catch (InvalidBaseModelException e) {
            LOG.debug("{} failed", name, e);
            return failed(ExitCode.MISMATCH, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("{} failed unexpectedly", name, e);
            return failed(ExitCode.INTERNAL, e.toString());
        } finally {
            out.flush();
            err.flush();
        }
    }

    private boolean parsed(Object arguments, String[] args) {
        CommandLine command = new CommandLine(arguments).setCaseInsensitiveEnumValuesAllowed(true);
        command.getCommandSpec()
                .addOption(OptionSpec.builder("-h", "--help")
                        .usageHelp(true)
                        .description("Prints this page.")
                        .build());
        try {
            command.parseArgs(args);
        } catch (CommandLine.ParameterException e) {
            throw new StageFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        }
        if (command.isUsageHelpRequested()) {
            command.usage(out);
            return false;
        }
        return true;
    }

    private int failed(ExitCode code, String message) {
        err.println("spark-lora " + name + ": " + message);
        return code.code();
    }
}
