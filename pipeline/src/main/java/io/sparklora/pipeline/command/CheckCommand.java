package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.CorpusFiles;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Everything that can be said of a run before it starts. */
@Command(
        name = "check",
        description =
                "Looks at all that a run needs, without starting Spark: configuration, base model, corpus, storage, "
                        + "Spark, native libraries; prints every setting. Exits as the run would at the first fault.")
final class CheckCommand implements Callable<Integer> {
    private final Installation installation;
    private final Host host;

    @Mixin
    private ConfigArguments arguments;

    @Spec
    private CommandSpec spec;

    private ExitCode worst = ExitCode.DONE;

    CheckCommand(Installation installation, Host host) {
        this.installation = installation;
        this.host = host;
    }

    @Override
    public Integer call() {
        StageMain.Context context = arguments.context();
        RunConfig config = context.config();
        PrintWriter out = spec.commandLine().getOut();
        arguments.settings().forEach(setting -> out.println("          " + setting));
        report("base model", () -> baseModel(config));
        if (worst == ExitCode.DONE) {
            report("memory", () -> memory(config));
        }
        if (worst == ExitCode.DONE) {
            warnOfShortages(config);
        }
        config.inputs()
                .forEach((key, source) -> report(
                        key.startsWith(CorpusConfig.SOURCES) ? "corpus" : "evaluation",
                        () -> source(context, source, key)));
        report("runs", () -> writable(context.storage(), config.storage().runs()));
        report("registry", () -> writable(context.storage(), config.storage().registry()));
        report("spark", () -> installation.sparkSubmit().toString());
        report("driver", () -> driver(config));
        report("rapids", () -> new Submissions(installation, config, "", List.of())
                .rapids()
                .why());
        report("jars", this::jars);
        report("natives", this::natives);
        out.flush();
        return worst.code();
    }

    private void report(String topic, Supplier<String> look) {
        String line;
        try {
            line = line("ok", topic, look.get());
        } catch (InvalidBaseModelException e) {
            line = fault(topic, ExitCode.MISMATCH, String.valueOf(e.getMessage()));
        } catch (StageFailure e) {
            line = fault(topic, e.exitCode(), e.getMessage());
        }
        spec.commandLine().getOut().println(line);
    }

    private String fault(String topic, ExitCode code, String message) {
        if (worst == ExitCode.DONE) {
            worst = code;
        }
        return line("FAULT", topic, message);
    }

    private static String line(String word, String topic, String text) {
        return String.format(Locale.ROOT, "%-8s%-12s%s", word, topic, text);
    }

    private static String baseModel(RunConfig config) {
        try (BaseModel base = BaseModel.open(config.base().path())) {
            DecoderShape shape = base.shape();
            shape.requireContext(
                    "prepare.sequence.length", config.prepare().sequence().length());
            return String.format(
                    Locale.ROOT,
                    "%s, %d layers, hidden %d, %d heads (%d key-value), vocabulary %,d, context %,d",
                    shape.architecture(),
                    shape.layers(),
                    shape.hiddenSize(),
                    shape.attentionHeads(),
                    shape.keyValueHeads(),
                    shape.vocabularySize(),
                    shape.contextLength());
        }
    }

    private static String memory(RunConfig config) {
        try (BaseModel base = BaseModel.open(config.base().path())) {
            return MemoryEstimate.of(config, base).text();
        }
    }

    /** What may not fit, and what would: an estimate, for which no stage refuses to start. */
    private void warnOfShortages(RunConfig config) {
        try (BaseModel base = BaseModel.open(config.base().path())) {
            for (String shortage : new MemoryAdvice(config, base, host.memoryBytes()).shortages()) {
                spec.commandLine().getOut().println(line("WARNING", "memory", shortage));
            }
        }
    }

    private static String source(StageMain.Context context, SourceConfig source, String key) {
        if (source.format() == SourceConfig.Format.TABLE) {
            return "table " + source.table() + ", which only Spark can look at";
        }
        List<CorpusFiles.File> files =
                CorpusFiles.of(context.storage(), source, key).files();
        return String.format(
                Locale.ROOT,
                "%s: %,d files, %,d bytes",
                source.path(),
                files.size(),
                files.stream().mapToLong(CorpusFiles.File::bytes).sum());
    }

    private static String writable(Storage storage, String location) {
        try (StorageProbe probe = StorageProbe.in(storage, location)) {
            storage.create(probe.file(), "check".getBytes(StandardCharsets.UTF_8));
        }
        return location + " can be written";
    }

    private String driver(RunConfig config) {
        RemoteDriver.requireReachable(config, arguments.location());
        return switch (config.spark().deployMode()) {
            case CLIENT -> "on the machine that submits (spark.deploy-mode client)";
            case CLUSTER -> "on a host of the cluster (spark.deploy-mode cluster), which no look from here reaches";
        };
    }

    private String jars() {
        return List.of("pipeline", "data-prep", "training-job").stream()
                .map(installation::jar)
                .map(jar -> String.valueOf(jar.getFileName()))
                .reduce((a, b) -> a + ", " + b)
                .orElseThrow();
    }

    private String natives() {
        String library = System.getenv("PYTORCH_LIBRARY_PATH");
        if (library != null && !library.isEmpty()) {
            return "PYTORCH_LIBRARY_PATH " + library;
        }
        return installation
                .nativesClassPath()
                .orElseThrow(() -> new StageFailure(
                        ExitCode.USAGE,
                        "there is no jar with libtorch in "
                                + installation.home().resolve("target/natives")
                                + ": build Spark LoRA, or set PYTORCH_LIBRARY_PATH"));
    }
}
