package io.sparklora.pipeline.command;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.dataset.CorpusFingerprint;
import io.sparklora.pipeline.registry.RunDirectory;
import io.sparklora.pipeline.registry.TrainedRun;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/** Stages that leave what the real ones leave, and end as {@code train.clip} says. */
public final class StandInStages {
    /** {@code train.clip} that makes train run a job on executors. */
    static final double USES_EXECUTORS = 3;
    /** {@code train.clip} that makes train run a job on executors, and fail. */
    static final double USES_EXECUTORS_AND_FAILS = 4;
    /** {@code train.clip} that makes train fail, in a process that ends with 0, as spark-submit does on a cluster. */
    static final double FAILS_UNNOTICED = 5;
    /** {@code train.clip} that makes train succeed, in a process that ends with 1. */
    static final double SUCCEEDS_UNNOTICED = 6;
    /** {@code train.clip} that makes train fail. */
    static final double DIVERGES = 7;
    /** {@code train.clip} that makes train wait until it is ended, with a process of its own below it. */
    static final double HANGS = 8;
    /** {@code train.clip} that makes the gate reject. */
    static final double IS_REJECTED = 9;

    private StandInStages() {}

    /**
     * A stand-in's main.
     *
     * @param job starts a SparkContext and says where it ran
     */
    public static void main(String stage, String[] args, Supplier<String> job) {
        Stage which = Stage.valueOf(stage);
        StageMain.run(which, args, context -> switch (which) {
            case PREPARE -> prepare(context);
            case TRAIN -> train(context, job);
            case EVALUATE -> evaluate(context);
            case PUBLISH -> throw new IllegalArgumentException(stage);
        });
    }

    /** What the stages leave of the run that a configuration, its corpus and its base model stand for. */
    static TrainedRun run(StageMain.Context context) {
        ContentKey corpus = CorpusFingerprint.ofFiles(
                        context.storage(), context.config().inputs())
                .orElseThrow();
        try (BaseModel base = BaseModel.open(context.config().base().path())) {
            return TrainedRun.of(
                    context, corpus, new ContentKey(base.contentHash().sha256()));
        }
    }

    private static StageResult prepare(StageMain.Context context) {
        run(context).prepare();
        return result(Stage.PREPARE, ExitCode.DONE, "prepared", "760 documents", "925,000 tokens");
    }

    private static StageResult train(StageMain.Context context, Supplier<String> job) {
        double clip = context.config().train().clip();
        if (clip == USES_EXECUTORS || clip == USES_EXECUTORS_AND_FAILS) {
            Path base = context.config().base().path();
            RunDirectory.write(base.resolveSibling("driver"), job.get() + " " + System.getProperty("user.dir"));
        }
        if (clip == FAILS_UNNOTICED || clip == SUCCEEDS_UNNOTICED) {
            int status = clip == FAILS_UNNOTICED ? 0 : 1;
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(status)));
        }
        if (clip == DIVERGES || clip == FAILS_UNNOTICED || clip == USES_EXECUTORS_AND_FAILS) {
            throw new StageFailure(ExitCode.DIVERGED, "the loss is NaN in step 3");
        }
        if (clip == HANGS) {
            hang();
        }
        run(context).train();
        return result(Stage.TRAIN, ExitCode.DONE, "trained", "60 steps", "loss 2.90 -> 2.32");
    }

    private static void hang() {
        try {
            Process below = new ProcessBuilder("sleep", "600").start();
            System.out.println("hanging " + ProcessHandle.current().pid() + " " + below.pid());
            System.out.flush();
            new CountDownLatch(1).await();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static StageResult evaluate(StageMain.Context context) {
        boolean rejected = context.config().train().clip() == IS_REJECTED;
        run(context).evaluate(rejected ? 2.9 : 2.3);
        return result(
                Stage.EVALUATE,
                rejected ? ExitCode.GATE_REJECTED : ExitCode.DONE,
                "evaluated",
                "held-out perplexity, 40 documents: base 17.6 -> adapter " + (rejected ? "18.2" : "10.0"),
                "");
    }

    private static StageResult result(Stage stage, ExitCode code, String verb, String detail, String outcome) {
        return new StageResult(
                stage,
                code == ExitCode.DONE ? StageResult.Status.DONE : StageResult.Status.REJECTED,
                code.code(),
                code == ExitCode.DONE ? Optional.empty() : Optional.of(code.kind()),
                code == ExitCode.DONE ? "" : "rejected",
                new StageResult.Summary(verb, detail, outcome),
                Map.of(),
                Map.of(),
                0);
    }
}
