package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.pipeline.adapter.EvaluationManifest;
import io.sparklora.pipeline.basemodel.SafetensorsWriter;
import io.sparklora.pipeline.config.TrainConfig.FinetuningType;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.dataset.TinyStatistics;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageTransaction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * What prepare, train and evaluate leave behind, written without them: a tiny dataset's manifest, a tiny adapter in
 * PEFT's format and a verdict.
 */
public final class TrainedRun {
    /** Rank of the adapter. */
    public static final int RANK = 2;

    private static final int WIDTH = 3;
    private static final String MODULE = "base_model.model.model.layers.0.self_attn.q_proj";

    private final StageMain.Context context;
    private final PreparedPlan plan;
    private final ContentKey runKey;

    private TrainedRun(StageMain.Context context, PreparedPlan plan) {
        this.context = context;
        this.plan = plan;
        this.runKey = context.keys().runKey(plan);
    }

    /** A run over a corpus that is called {@code corpus} and a base model that is called {@code base}. */
    public static TrainedRun of(StageMain.Context context) {
        return of(context, key("corpus"), key("base"));
    }

    /** A run over the corpus and base model of these hashes. */
    public static TrainedRun of(StageMain.Context context, ContentKey corpusFingerprint, ContentKey baseModelHash) {
        ContentKey datasetKey = context.keys().datasetKey(baseModelHash, corpusFingerprint);
        return new TrainedRun(context, new PreparedPlan(datasetKey, corpusFingerprint, baseModelHash));
    }

    /** A key out of one word. */
    public static ContentKey key(String word) {
        return ContentKey.of(List.of(word));
    }

    /** The run's key. */
    public ContentKey runKey() {
        return runKey;
    }

    /** What prepare leaves. */
    public TrainedRun prepare() {
        Path directory = context.layout().dataset(plan.datasetKey());
        try (StageTransaction transaction = StageTransaction.begin(context.storage(), directory)) {
            context.storage().create(new Path(transaction.workDirectory(), "train/part-0.parquet"), new byte[] {1});
            context.storage()
                    .create(
                            new Path(transaction.workDirectory(), DatasetStatistics.FILE),
                            Json.bytes(TinyStatistics.of(plan.datasetKey(), "a licence")));
            transaction.commit(this::dataset);
        }
        context.storage().replace(context.layout().plan(context.keys().configKey()), Json.bytes(plan));
        return this;
    }

    private DatasetManifest dataset(List<FileEntry> files) {
        return new DatasetManifest(
                1,
                plan.datasetKey(),
                context.keys().configKey(),
                plan.corpusFingerprint(),
                plan.baseModelHash(),
                key("tokenizer").hex(),
                512,
                300,
                List.of(new DatasetManifest.SplitFigures(
                        Split.TRAIN,
                        605,
                        1830,
                        925_000,
                        924_000,
                        new DatasetManifest.Packing(1810, 0.987),
                        List.of(new DatasetManifest.DataFile("train/part-0.parquet", 0, 1830)))),
                new DatasetManifest.Funnel(
                        760,
                        605,
                        List.of(
                                new DatasetManifest.Dropped("deduplicate", "exact-duplicate", 96),
                                new DatasetManifest.Dropped("length", "too-short", 59))),
                Map.of("CC0-1.0", 605L),
                Map.of("eng", 605L),
                List.of(new DatasetManifest.SourceFigures(0, 760, 0, 12, 605)),
                List.of(new DatasetManifest.PrivacyFigures("email", "replace", 3, 7)),
                files,
                context.keys().preparation());
    }

    /** What train leaves. */
    public TrainedRun train() {
        return train(PEFT_CONFIG, weights(MODULE, 1));
    }

    /** PEFT's configuration of the adapter. */
    public static final String PEFT_CONFIG =
            "{\"lora_alpha\": 4, \"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"q_proj\"]}";

    /** What train leaves, with these two files. */
    public TrainedRun train(String peftConfig, byte[] weights) {
        Path directory = context.layout().adapter(runKey);
        try (StageTransaction transaction = StageTransaction.begin(context.storage(), directory)) {
            Path adapter = new Path(transaction.workDirectory(), "adapter");
            context.storage()
                    .create(new Path(adapter, "adapter_config.json"), peftConfig.getBytes(StandardCharsets.UTF_8));
            context.storage().create(new Path(adapter, "adapter_model.safetensors"), weights);
            context.storage().create(new Path(transaction.workDirectory(), "metrics.jsonl"), new byte[] {'\n'});
            transaction.commit(files -> new AdapterManifest(
                    1,
                    runKey,
                    plan.datasetKey(),
                    plan.baseModelHash(),
                    60,
                    122_880,
                    2.9,
                    2.32,
                    ComputeType.FP32,
                    DeviceType.CPU,
                    Optional.empty(),
                    RANK,
                    2 * RANK,
                    2L * RANK * WIDTH,
                    files,
                    Optional.empty(),
                    context.keys().training()));
        }
        return this;
    }

    /** What train leaves of full fine-tuning, with these files, whose content nobody looks at. */
    public TrainedRun trainWhole(List<String> names) {
        Path directory = context.layout().adapter(runKey);
        try (StageTransaction transaction = StageTransaction.begin(context.storage(), directory)) {
            Path model = new Path(transaction.workDirectory(), "adapter");
            names.forEach(
                    name -> context.storage().create(new Path(model, name), name.getBytes(StandardCharsets.UTF_8)));
            transaction.commit(files -> new AdapterManifest(
                    1,
                    runKey,
                    plan.datasetKey(),
                    plan.baseModelHash(),
                    60,
                    122_880,
                    2.9,
                    2.32,
                    ComputeType.FP32,
                    DeviceType.CPU,
                    Optional.empty(),
                    0,
                    0,
                    WIDTH,
                    files,
                    Optional.of(FinetuningType.FULL),
                    context.keys().training()));
        }
        return this;
    }

    /** A and B of one layer in safetensors. */
    public static byte[] weights(String module, float value) {
        return weights(module, List.of((long) RANK, (long) WIDTH), value);
    }

    /** As above, A in another shape. */
    public static byte[] weights(String module, List<Long> shapeOfA, float value) {
        float[] values = new float[RANK * WIDTH];
        Arrays.fill(values, value);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            new SafetensorsWriter()
                    .add(module + ".lora_A.weight", shapeOfA, values)
                    .add(module + ".lora_B.weight", List.of((long) WIDTH, (long) RANK), values)
                    .writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** What evaluate leaves: the base at 2.87 nats, the adapter at this loss against the champion that there is. */
    public TrainedRun evaluate(double adapterLoss) {
        Optional<String> champion = AdapterRegistry.of(context.config(), context.storage())
                .champion()
                .map(Move::version);
        return evaluate(adapterLoss, champion);
    }

    /** As above, as if this version were the champion. */
    public TrainedRun evaluate(double adapterLoss, Optional<String> champion) {
        double baseLoss = 2.87;
        double championLoss = 2.5;
        Path directory = context.layout().evaluation(runKey, context.keys().evaluationKey(runKey, champion));
        try (StageTransaction transaction = StageTransaction.begin(context.storage(), directory)) {
            transaction.commit(files -> new EvaluationManifest(
                    1,
                    runKey,
                    plan.datasetKey(),
                    40,
                    50_000,
                    baseLoss,
                    adapterLoss,
                    champion.map(version -> new EvaluationManifest.Champion(version, championLoss)),
                    0,
                    adapterLoss < (champion.isPresent() ? championLoss : baseLoss),
                    files));
        }
        return this;
    }

    /** Publishes it, with the real stage. */
    public TrainedRun publish() {
        Publish.publish(context);
        return this;
    }

    /** The directory of the trained adapter. */
    public Path adapter() {
        return context.layout().adapter(runKey);
    }

    /** The manifest that train left. */
    public AdapterManifest adapterManifest() {
        Path file = new Path(adapter(), RunLayout.MANIFEST);
        return Json.parse(AdapterManifest.class, context.storage().read(file), file);
    }
}
