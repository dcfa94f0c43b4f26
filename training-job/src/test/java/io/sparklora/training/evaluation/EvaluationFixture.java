package io.sparklora.training.evaluation;

import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.DataFile;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.Packing;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.registry.Move;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.data.TokenParquet;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.lora.PeftConfig;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TorchScriptProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A run up to its evaluation, over a tiny random Llama: a plan, a dataset with held-out sequences, and an adapter. */
public final class EvaluationFixture {
    static final int SEQUENCES = 9;
    static final int LENGTH = 16;
    private static final int VOCABULARY = 300;

    private final Storage storage = new Storage(new org.apache.hadoop.conf.Configuration());
    private final StageMain.Context context;
    private final PreparedPlan plan;
    private final ContentKey runKey;
    private final Path root;
    private final Path model;

    /** Configures the run; nothing is prepared or trained yet. */
    public EvaluationFixture(Path root, String... overrides) throws IOException {
        this.root = root;
        this.model = TinyModels.huggingFaceDirectory(root.resolve("base"), 1);
        Path config = Files.writeString(root.resolve("tiny.yaml"), """
                name: tiny
                storage: {runs: %s/runs, registry: %s/registry, cache: %s/cache}
                base: {model: %s, dtype: fp32}
                corpus: {sources: [{format: json, path: corpus.json, text: text}]}
                lora: {rank: 4, alpha: 8}
                train: {batch: {sequences: 4, micro: 2}}
                """.formatted(root, root, root, model));
        ConfigFile file = ConfigFile.load(storage, config.toString(), List.of(overrides));
        RunKeys keys = new RunKeys(file);
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        this.context = new StageMain.Context(file.config(), keys, layout, storage);
        ContentKey fingerprint = key("corpus");
        this.plan = new PreparedPlan(keys.datasetKey(baseHash(), fingerprint), fingerprint, baseHash());
        this.runKey = keys.runKey(plan);
    }

    Storage storage() {
        return storage;
    }

    /** What the stage gets to work with. */
    public StageMain.Context context() {
        return context;
    }

    /** The dataset that the configuration stands for. */
    public PreparedPlan plan() {
        return plan;
    }

    /** The adapter's identity. */
    public ContentKey runKey() {
        return runKey;
    }

    /** The base model's directory. */
    public Path model() {
        return model;
    }

    private ContentKey baseHash() {
        try (BaseModel base = BaseModel.open(model)) {
            return new ContentKey(base.contentHash().sha256());
        }
    }

    static ContentKey key(String name) {
        return ContentKey.of(List.of("test", name));
    }

    /** Writes plan and dataset with sequences in a split. */
    EvaluationFixture prepared(Split split) throws IOException {
        storage.create(context.layout().plan(context.keys().configKey()), Json.bytes(plan));
        org.apache.hadoop.fs.Path directory = context.layout().dataset(plan.datasetKey());
        List<TokenParquet.Row> rows = rows();
        long supervised = SEQUENCES * (LENGTH - 2L);
        try (StageTransaction transaction = StageTransaction.begin(storage, directory)) {
            String path = split.directory() + "/part-0.parquet";
            TokenParquet.write(storage, new org.apache.hadoop.fs.Path(transaction.workDirectory(), path), rows, 4);
            transaction.commit(files -> new DatasetManifest(
                    1,
                    plan.datasetKey(),
                    context.keys().configKey(),
                    plan.corpusFingerprint(),
                    plan.baseModelHash(),
                    key("tokenizer").hex(),
                    LENGTH,
                    VOCABULARY,
                    List.of(new SplitFigures(
                            split,
                            18,
                            SEQUENCES,
                            SEQUENCES * LENGTH,
                            supervised,
                            Packing.of(1, SEQUENCES, SEQUENCES * LENGTH, LENGTH),
                            List.of(new DataFile(path, 0, SEQUENCES)))),
                    new Funnel(18, 18, List.of()),
                    Map.of(),
                    Map.of(),
                    List.of(),
                    List.of(),
                    files,
                    "{}"));
        }
        return this;
    }

    /** Two documents a sequence, of which the second changes its length; the same few tokens over and over. */
    static List<TokenParquet.Row> rows() {
        Random random = new Random(5);
        List<TokenParquet.Row> rows = new ArrayList<>();
        for (int id = 0; id < SEQUENCES; id++) {
            int[] ids = random.ints(LENGTH, 40, 48).toArray();
            int[] labels = ids.clone();
            int border = 2 + id;
            labels[0] = -100;
            labels[border] = -100;
            rows.add(new TokenParquet.Row(id, ids, labels, new int[] {border, LENGTH - border}));
        }
        return rows;
    }

    /** All held-out sequences as micro-batches of one. */
    static List<MicroBatch> batches() {
        return rows().stream()
                .map(row -> new MicroBatch(1, LENGTH, row.inputIds(), row.labels(), new int[][] {row.lengths()}))
                .toList();
    }

    /** Commits an adapter of this run. */
    public EvaluationFixture trained(PeftAdapter adapter) {
        try (StageTransaction transaction =
                StageTransaction.begin(storage, context.layout().adapter(runKey))) {
            adapter.write(storage, new org.apache.hadoop.fs.Path(transaction.workDirectory(), "adapter"));
            transaction.commit(files -> new AdapterManifest(
                    1,
                    runKey,
                    plan.datasetKey(),
                    plan.baseModelHash(),
                    1,
                    1,
                    1,
                    1,
                    ComputeType.FP32,
                    DeviceType.CPU,
                    Optional.empty(),
                    adapter.config().shape().rank(),
                    adapter.config().shape().alpha(),
                    adapter.parameters().length,
                    files,
                    Optional.empty(),
                    context.keys().training()));
        }
        return this;
    }

    /** Publishes an adapter as version 1 and points the alias at it. */
    public EvaluationFixture published(PeftAdapter adapter, ContentKey madeBy, ContentKey base) {
        org.apache.hadoop.fs.Path registry =
                new org.apache.hadoop.fs.Path(root.resolve("registry/tiny").toUri());
        org.apache.hadoop.fs.Path version = new org.apache.hadoop.fs.Path(registry, "v1");
        adapter.write(storage, version);
        List<FileEntry> files = storage.describe(version);
        VersionManifest manifest = new VersionManifest(
                1,
                "tiny",
                "v1",
                madeBy,
                key("dataset"),
                key("corpus"),
                base,
                Optional.of(ComputeType.FP32),
                Optional.of(DeviceType.CPU),
                new VersionManifest.Metrics(9, 3, 2, Optional.empty(), Optional.empty()),
                Map.of(),
                "0.1.0",
                "2026-01-01T00:00:00Z",
                files,
                Optional.empty(),
                Json.line(Map.of("base", Map.of("model", model.toString(), "dtype", "fp32"))));
        storage.create(new org.apache.hadoop.fs.Path(version, "manifest.json"), Json.bytes(manifest));
        storage.create(
                new org.apache.hadoop.fs.Path(registry, "aliases/champion/000001.json"),
                Json.bytes(new Move(1, "v1", Optional.empty(), madeBy, "2026-01-01T00:00:00Z")));
        return this;
    }

    /** An adapter after some epochs of plain gradient descent on the held-out sequences themselves. */
    public PeftAdapter descended(int rank, int epochs) {
        HostModel host = HostModel.of(context.config());
        PeftConfig config = new PeftConfig("base", AdapterShape.plain(rank, 8, List.of("all-linear")));
        try (BaseModel base = host.open();
                TorchScriptProgram program = host.program(base, config, TaskGpu.NONE)) {
            LoraLayout layout = config.layout(base.shape());
            float[] parameters = LoraInitializer.seeded(1).initial(layout);
            float[] gradient = new float[parameters.length];
            for (int step = 0; step < epochs * SEQUENCES; step++) {
                program.load(parameters);
                program.forwardBackward(batches().get(step % SEQUENCES), gradient);
                for (int i = 0; i < parameters.length; i++) {
                    parameters[i] -= 0.05f * gradient[i];
                }
            }
            return PeftAdapter.portable(config, base, parameters);
        }
    }

    /** Mean losses of base and adapter, computed here, one sequence after another. */
    double[] meanLosses(PeftAdapter adapter) {
        HostModel host = HostModel.of(context.config());
        try (BaseModel base = host.open();
                TorchScriptProgram program = host.program(base, adapter.config(), TaskGpu.NONE)) {
            program.load(adapter.parameters());
            double baseSum = 0;
            double adapterSum = 0;
            for (MicroBatch batch : batches()) {
                baseSum += program.baseLossSum(batch);
                adapterSum += program.lossSum(batch);
            }
            double tokens = SEQUENCES * (LENGTH - 2.0);
            return new double[] {baseSum / tokens, adapterSum / tokens};
        }
    }

    String text(org.apache.hadoop.fs.Path path) {
        return new String(storage.read(path), StandardCharsets.UTF_8);
    }
}
