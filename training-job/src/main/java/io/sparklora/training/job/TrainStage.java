package io.sparklora.training.job;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterFiles;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.FullFinetuning;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.config.TrainConfig;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.checkpoint.BestAdapter;
import io.sparklora.training.checkpoint.CheckpointSchedule;
import io.sparklora.training.checkpoint.RunIdentity;
import io.sparklora.training.checkpoint.StepRecord;
import io.sparklora.training.checkpoint.TrainingState;
import io.sparklora.training.collective.PortRange;
import io.sparklora.training.collective.RingSettings;
import io.sparklora.training.console.LiveLine;
import io.sparklora.training.console.StopSignal;
import io.sparklora.training.data.BatchPlan;
import io.sparklora.training.full.EveryWeight;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.Finetuning;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TrainingOptions;
import io.sparklora.training.optimizer.GradientClip;
import io.sparklora.training.optimizer.LearningRate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Trains the adapter of a run, or finds it trained. */
public final class TrainStage {
    private static final int SCHEMA_VERSION = 1;
    private static final String ADAPTER_DIRECTORY = "adapter";
    private static final String METRICS_FILE = "metrics.jsonl";

    private final StageMain.Context context;
    private final RunConfig config;
    private final Storage storage;
    private final TrainReport report = new TrainReport();

    /** @param context the stage's configuration and storage */
    public TrainStage(StageMain.Context context) {
        this.context = context;
        this.config = context.config();
        this.storage = context.storage();
    }

    /**
     * Trains, or finds it done.
     *
     * @throws StageFailure with the exit code, where dataset and base model are missing, damaged or do not belong
     *     together, the run diverged, or the cluster failed for good
     */
    public StageResult run() {
        PreparedPlan plan = context.keys().plan(context.layout(), storage);
        ContentKey runKey = context.keys().runKey(plan);
        Path directory = context.layout().adapter(runKey);
        Path files = context.layout().adapterFiles(runKey);
        Optional<AdapterManifest> trained = StageTransaction.committed(storage, directory, AdapterManifest.class);
        if (trained.isPresent()) {
            return report.alreadyDone(trained.get(), files);
        }
        DecoderProgramFactory factory = factory(plan);
        TrainingSpec spec = spec(plan, runKey, factory);
        TrainingState end;
        try (MetricsFile metrics = new MetricsFile(storage, new Path(directory, METRICS_FILE))) {
            end = train(spec, factory, metrics);
        }
        AdapterManifest manifest = commit(directory, plan, runKey, spec, factory, end);
        storage.delete(context.layout().checkpoints(runKey));
        return report.done(manifest, files, spec.batches().steps(), end.history());
    }

    /** What every rank opens; what no rank could use is refused here, before Spark starts. */
    private DecoderProgramFactory factory(PreparedPlan plan) {
        LoraConfig lora = config.lora();
        HostModel host = HostModel.of(config);
        DecoderProgramFactory factory = new DecoderProgramFactory(
                host,
                plan.baseModelHash().hex(),
                finetuning(host),
                start(lora.from()),
                new TrainingOptions(lora.dropout(), config.train().batch().activationCheckpointing()),
                config.seed());
        factory.initialParameters(storage);
        return factory;
    }

    private Finetuning finetuning(HostModel host) {
        try (BaseModel base = host.open()) {
            return switch (config.train().finetuningType()) {
                case LORA -> {
                    AdapterShape.planned(config.lora(), base.shape());
                    yield PeftConfig.of(config.base(), config.lora());
                }
                case FULL -> {
                    FullFinetuning.planned(base);
                    yield new EveryWeight();
                }
            };
        }
    }

    private String start(String from) {
        return from.isEmpty()
                ? from
                : qualified(AdapterFiles.find(storage, from).directory()).toString();
    }

    private TrainingSpec spec(PreparedPlan plan, ContentKey runKey, DecoderProgramFactory factory) {
        Path dataset = qualified(context.layout().dataset(plan.datasetKey()));
        DatasetManifest manifest = StageTransaction.committed(storage, dataset, DatasetManifest.class)
                .orElseThrow(() -> new StageFailure(
                        ExitCode.MISMATCH, "there is no whole token dataset in " + dataset + ": run prepare first"));
        long sequences = manifest.split(Split.TRAIN)
                .map(DatasetManifest.SplitFigures::sequences)
                .orElse(0L);
        if (sequences == 0) {
            throw new StageFailure(ExitCode.MISMATCH, "the dataset " + dataset + " has no sequences to train on");
        }
        TrainConfig train = config.train();
        BatchPlan batches = BatchPlan.forTokens(
                train.tokens(),
                sequences,
                manifest.sequenceLength(),
                train.order(),
                config.seed(),
                train.batch().sequences(),
                train.batch().micro());
        return new TrainingSpec(
                new RunIdentity(
                        ContentKey.of(List.of("training/1", context.keys().training()))
                                .hex(),
                        plan.baseModelHash().hex(),
                        plan.datasetKey().hex(),
                        config.seed()),
                dataset.toString(),
                qualified(context.layout().checkpoints(runKey)).toString(),
                new CheckpointSchedule(
                        train.checkpoint().steps(),
                        Duration.ofMinutes(train.checkpoint().minutes()),
                        Duration.ofSeconds(train.checkpoint().grace())),
                batches,
                LearningRate.of(train.learningRate(), train.schedule(), train.warmup(), train.decay(), batches.steps()),
                new GradientClip(train.clip()),
                train.weightDecay(),
                validation(manifest, dataset),
                factory.groups(config.lora().bLearningRateRatio()),
                RingSettings.DEFAULT.listeningOn(
                        PortRange.from(train.ports().ring(), train.ports().range())));
    }

    private ValidationPlan validation(DatasetManifest manifest, Path dataset) {
        TrainConfig.Validation validation = config.train().validation();
        if (validation.steps() == 0) {
            return ValidationPlan.NONE;
        }
        long sequences = manifest.split(Split.VALIDATION)
                .map(DatasetManifest.SplitFigures::sequences)
                .orElse(0L);
        if (sequences == 0) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "train.validation.steps is " + validation.steps() + ", but the dataset " + dataset
                            + " has no validation split: set prepare.split.validation above 0, or train.validation.steps to 0");
        }
        long measured = validation.sequences() == 0 ? sequences : Math.min(sequences, validation.sequences());
        return new ValidationPlan(
                validation.steps(),
                sequences,
                Math.toIntExact(measured),
                config.train().batch().micro(),
                validation.patience(),
                validation.keep() == TrainConfig.Validation.Keep.LOWEST);
    }

    /** So that executors, whose working directory is another, find it. */
    private Path qualified(Path path) {
        return storage.of(path).makeQualified(path);
    }

    private TrainingState train(TrainingSpec spec, DecoderProgramFactory factory, MetricsFile metrics) {
        SparkConf conf = TrainingSparkSettings.apply(new SparkConf().setAppName("spark-lora train " + config.name()));
        TaskGpu.request(conf, config.base().device());
        try (LiveLine line = LiveLine.onStandardError();
                JavaSparkContext spark = new JavaSparkContext(conf)) {
            TrainingListener listeners = TrainingListener.all(List.of(
                    report, metrics, new ProgressLine(line, spec.batches().steps())));
            BarrierTraining training =
                    new BarrierTraining(spark, spec, factory, DriverSettings.of(config.train()), listeners);
            StopSignal signal =
                    StopSignal.install(training::leave, spec.schedule().grace(), training::stop);
            try {
                return training.run();
            } finally {
                signal.close();
            }
        }
    }

    private static Optional<AdapterManifest.Validation> validation(List<StepRecord> history, long chosen) {
        return history.stream()
                .filter(step -> step.step() == chosen)
                .findFirst()
                .flatMap(StepRecord::validationLoss)
                .map(loss -> new AdapterManifest.Validation(chosen, loss));
    }

    private AdapterManifest commit(
            Path directory,
            PreparedPlan plan,
            ContentKey runKey,
            TrainingSpec spec,
            DecoderProgramFactory factory,
            TrainingState end) {
        StageTransaction.sweep(storage, directory);
        try (StageTransaction transaction = StageTransaction.begin(storage, directory)) {
            Optional<BestAdapter> chosen =
                    end.best().filter(best -> spec.validation().keepsLowest());
            Finetuned adapter =
                    factory.publishable(chosen.map(BestAdapter::parameters).orElse(end.parameters()));
            adapter.write(storage, new Path(transaction.workDirectory(), ADAPTER_DIRECTORY));
            Arithmetic arithmetic = end.arithmetic().orElseThrow();
            LossCurve curve = LossCurve.of(end.history());
            return transaction.commit(files -> new AdapterManifest(
                    SCHEMA_VERSION,
                    runKey,
                    plan.datasetKey(),
                    plan.baseModelHash(),
                    end.step(),
                    Math.multiplyExact(end.step(), spec.batches().batchTokens()),
                    curve.first(),
                    curve.last(),
                    arithmetic.compute(),
                    arithmetic.device(),
                    validation(end.history(), chosen.map(BestAdapter::step).orElse(end.step())),
                    shape(adapter).map(AdapterShape::rank).orElse(0),
                    shape(adapter).map(AdapterShape::alpha).orElse(0),
                    adapter.parameters().length,
                    files,
                    Optional.of(config.train().finetuningType()).filter(type -> type != FinetuningType.LORA),
                    context.keys().training()));
        }
    }

    private static Optional<AdapterShape> shape(Finetuned trained) {
        return trained.config() instanceof PeftConfig adapter ? Optional.of(adapter.shape()) : Optional.empty();
    }
}
