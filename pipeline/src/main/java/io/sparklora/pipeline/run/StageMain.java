package io.sparklora.pipeline.run;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.config.RunConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every stage's main does around its work: reads the configuration, runs the stage, reports {@code result.json}
 * whatever happened, and exits with the code that a scheduler acts on.
 */
public final class StageMain {
    private static final Logger LOG = LoggerFactory.getLogger(StageMain.class);
    private static final double NANOS_A_SECOND = 1e9;

    private StageMain() {}

    /** A stage's work. */
    @FunctionalInterface
    public interface Body {
        /**
         * Does the stage's work, or finds it done.
         *
         * @throws StageFailure with the exit code, where it can't
         */
        StageResult run(Context context);
    }

    /**
     * What a stage gets to work with.
     *
     * @param config the checked configuration
     * @param keys the names that follow from it
     * @param layout where everything lies
     * @param storage the file systems
     */
    public record Context(RunConfig config, RunKeys keys, RunLayout layout, Storage storage) {}

    /**
     * Runs a stage and ends the process; where YARN's application master runs it and all went well, returns for that to
     * end the process.
     *
     * @param args {@code CONFIG.yaml [--set a.b=c]... [--help]}
     */
    public static void run(Stage stage, String[] args, Body body) {
        int exitCode = execute(stage, args, body);
        System.out.flush();
        System.err.flush();
        if (exitCode != ExitCode.DONE.code() || !isInApplicationMaster()) {
            System.exit(exitCode);
        }
    }

    /**
     * Whether this is a driver inside YARN's application master (deploy mode cluster), which sets both properties itself.
     * It reports a driver that calls System.exit as failed, with 0 too, and ends its JVM when the driver's main returns
     * (org.apache.spark.deploy.yarn.ApplicationMaster, run).
     */
    private static boolean isInApplicationMaster() {
        return System.getProperty("spark.master", "").equals("yarn")
                && System.getProperty("spark.submit.deployMode", "").equals("cluster");
    }

    /** As {@link #run}, without ending the process. */
    static int execute(Stage stage, String[] args, Body body) {
        long start = System.nanoTime();
        Context context;
        try {
            Optional<StageArguments> arguments = StageArguments.parse(stage, args);
            if (arguments.isEmpty()) {
                return ExitCode.DONE.code();
            }
            context = context(arguments.get().config(), arguments.get().overrides());
        } catch (StageFailure e) {
            return report(stage, Optional.empty(), failure(stage, e, start));
        }
        StageResult result;
        try {
            result = body.run(context);
        } catch (StageFailure e) {
            LOG.debug("{} failed", stage.word(), e);
            result = failure(stage, e, start);
        } catch (InvalidBaseModelException e) {
            LOG.debug("{} failed", stage.word(), e);
            result = failure(stage, new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e), start);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that its methods do not declare.
            LOG.error("{} failed unexpectedly", stage.word(), e);
            result = failure(stage, new StageFailure(ExitCode.INTERNAL, String.valueOf(e), e), start);
        }
        return report(stage, Optional.of(context), result);
    }

    /**
     * Reads a configuration and says what follows from it.
     *
     * @param location the configuration file, a path or URI
     * @param overrides {@code a.b=c}, in the order given
     * @throws StageFailure ({@link ExitCode#USAGE}) where it is wrong
     */
    public static Context context(String location, List<String> overrides) {
        ConfigFile file = ConfigFile.load(storage(), location, overrides);
        RunConfig config = file.config();
        return new Context(
                config,
                new RunKeys(file),
                new RunLayout(new Path(config.storage().runs()), config.name()),
                new Storage(HadoopSettings.of(config.spark().conf())));
    }

    /** The file systems as this process was told of them. */
    public static Storage storage() {
        return new Storage(HadoopSettings.of(Map.of()));
    }

    private static StageResult failure(Stage stage, StageFailure e, long start) {
        ExitCode code = e.exitCode();
        return new StageResult(
                stage,
                switch (code) {
                    case GATE_REJECTED -> StageResult.Status.REJECTED;
                    case NO_NEW_DATA -> StageResult.Status.NO_NEW_DATA;
                    default -> StageResult.Status.FAILED;
                },
                code.code(),
                Optional.of(code.kind()),
                e.getMessage(),
                new StageResult.Summary(stage.word(), e.getMessage(), ""),
                Map.of(),
                Map.of(),
                (System.nanoTime() - start) / NANOS_A_SECOND);
    }

    private static int report(Stage stage, Optional<Context> context, StageResult result) {
        if (result.exitCode() != ExitCode.DONE.code()) {
            System.err.println("spark-lora " + stage.word() + ": " + result.message());
        }
        try {
            context.ifPresent(c -> c.storage().replace(c.layout().result(stage), Json.bytes(result)));
        } catch (StageFailure e) {
            System.err.println("spark-lora " + stage.word() + ": the result was not written: " + e.getMessage());
        }
        return result.exitCode();
    }
}
