package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.ElementType;
import io.sparklora.pipeline.basemodel.FamilyNames;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.basemodel.ModelRewrite;
import io.sparklora.pipeline.basemodel.WeightChanges;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.console.LiveLine;
import io.sparklora.training.console.StandaloneCommand;
import io.sparklora.training.console.StopSignal;
import io.sparklora.training.model.AdapterLocation;
import io.sparklora.training.model.HostModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** The command merge: finds adapter and base model, checks that they belong together, and writes the merged model. */
public final class MergeCommand {
    private static final String GGUF = ".gguf";
    private static final double MEGABYTE = 1e6;
    private static final double NANOS_A_SECOND = 1e9;

    private final StandaloneCommand command;
    private volatile boolean stopped;

    /**
     * @param out takes the help page
     * @param err takes progress and errors, a line each
     */
    public MergeCommand(PrintStream out, PrintStream err) {
        command = new StandaloneCommand("merge", out, err);
    }

    /** Runs a command line and returns the process's exit status, see {@link ExitCode}. */
    public int run(String[] args) {
        return command.run(new MergeArguments(), args, this::merge);
    }

    private void merge(MergeArguments arguments) {
        WholeOutput output = new WholeOutput(arguments.output());
        output.check();
        Storage storage = StageMain.storage();
        AdapterLocation location = AdapterLocation.find(storage, arguments.adapter());
        String model = location.modelPath(arguments.base());
        checkKind(Path.of(model), output.target());
        try (BaseModel base = location.openBase(HostModel.onProcessor(model, "", location.stored(), 1));
                ModelRewrite rewrite = ModelRewrite.of(base)) {
            AdapterMatrices adapter = new AdapterMatrices(location.readAdapter(storage, base, "merge"));
            FusedAdapter fused = new FusedAdapter(adapter, orientation(base));
            fused.check(rewrite.weights(), model);
            ModelRewrite.Plan plan = plan(rewrite, arguments.type(), fused);
            output.checkRoom(plan.bytes());
            write(plan, output, adapter.modules().size());
        }
    }

    /** GGUF's matrices have output features as rows whatever the family's checkpoints have. */
    private static Orientation orientation(BaseModel base) {
        return Files.isDirectory(base.path()) ? FamilyNames.of(base.shape()).orientation() : Orientation.OUTPUT_ROWS;
    }

    private static void checkKind(Path model, Path output) {
        boolean named = output.toString().endsWith(GGUF);
        if (Files.isDirectory(model) && named) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "--output must be a directory, as the base model " + model + " is one, but was " + output
                            + ": a GGUF file would need the tokenizer in GGUF's terms, which llama.cpp's"
                            + " convert_hf_to_gguf.py makes of the merged directory");
        }
        if (!Files.isDirectory(model) && !named) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "--output must be a file FILE.gguf, as the base model " + model + " is one, but was " + output
                            + ": a directory would need the configuration and the tokenizer's files, which GGUF lacks");
        }
    }

    private static ModelRewrite.Plan plan(ModelRewrite rewrite, Optional<ElementType> type, WeightChanges changes) {
        try {
            return rewrite.plan(type, changes);
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, e.getMessage() + " (--type f32, f16, bf16, or in GGUF q8_0)", e);
        }
    }

    private void write(ModelRewrite.Plan plan, WholeOutput output, int changed) {
        long started = System.nanoTime();
        try (StopSignal signal = StopSignal.install(() -> stopped = true);
                LiveLine line = new LiveLine(command.err(), LiveLine.Target.ofStandardError(), System::nanoTime)) {
            Progress progress = new Progress(plan, line);
            output.write(aside -> plan.write(aside, progress));
            line.showAtOnce(progress.line());
        }
        command.err()
                .printf(
                        Locale.ROOT,
                        "merged  %d of %d tensors changed   %.0f MB in %.1f s   %s%n",
                        changed,
                        plan.tensors(),
                        plan.bytes() / MEGABYTE,
                        (System.nanoTime() - started) / NANOS_A_SECOND,
                        output.target());
    }

    /** How far the writing is. */
    private final class Progress implements ModelRewrite.Progress {
        private final ModelRewrite.Plan plan;
        private final LiveLine line;
        private int tensors;
        private long bytes;

        Progress(ModelRewrite.Plan plan, LiveLine line) {
            this.plan = plan;
            this.line = line;
        }

        @Override
        public void written(String tensor, long tensorBytes) {
            tensors++;
            bytes += tensorBytes;
            if (stopped) {
                throw new StageFailure(ExitCode.RETRYABLE, "stopped; nothing was written");
            }
            line.show(this::line);
        }

        String line() {
            return String.format(
                    Locale.ROOT,
                    "merge  %d of %d tensors, %.0f of %.0f MB",
                    tensors,
                    plan.tensors(),
                    bytes / MEGABYTE,
                    plan.bytes() / MEGABYTE);
        }
    }
}
