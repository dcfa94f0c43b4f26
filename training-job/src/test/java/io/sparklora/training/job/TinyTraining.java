package io.sparklora.training.job;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.ConfigFile;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.RunKeys;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.data.TokenParquet;
import io.sparklora.training.data.TokenSequences;
import io.sparklora.training.model.MicroBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/** A configuration, a tiny random Llama and a token dataset, as prepare leaves them: what the stage train starts from. */
final class TinyTraining {
    private static final int LENGTH = 16;

    final Storage storage = new Storage(new Configuration());
    final Path root;
    final Path model;

    TinyTraining(Path root) {
        this.root = root;
        this.model = TinyModels.huggingFaceDirectory(root.resolve("base"), 1);
    }

    /** Where {@link #context} leaves the configuration. */
    Path config() {
        return root.resolve("tiny.yaml");
    }

    /** Writes the configuration and reads it with these overrides. */
    StageMain.Context context(String... overrides) throws IOException {
        Path config = Files.writeString(config(), """
                name: tiny
                storage: {runs: %s/runs, cache: %s/cache}
                base: {model: %s, dtype: fp32}
                corpus: {sources: [{format: json, path: corpus.json, text: text}]}
                lora: {rank: 4, alpha: 8}
                train: {tokens: 1900, batch: {sequences: 4, micro: 2}, checkpoint: {steps: 10}, learning-rate: 0.01}
                """.formatted(root, root, model));
        ConfigFile file = ConfigFile.load(storage, config.toString(), List.of(overrides));
        RunLayout layout = new RunLayout(
                new org.apache.hadoop.fs.Path(file.config().storage().runs()),
                file.config().name());
        return new StageMain.Context(file.config(), new RunKeys(file), layout, storage);
    }

    /** Leaves plan and dataset as prepare does; {@code baseHash} is the model that it says it tokenised for. */
    PreparedPlan prepare(StageMain.Context context, ContentKey baseHash) throws IOException {
        return prepare(context, baseHash, TokenParquet::heldOutAsWell);
    }

    /** The same, with nothing held out. */
    PreparedPlan prepareWithoutValidation(StageMain.Context context, ContentKey baseHash) throws IOException {
        return prepare(context, baseHash, DatasetManifest::splits);
    }

    private PreparedPlan prepare(
            StageMain.Context context,
            ContentKey baseHash,
            Function<DatasetManifest, List<DatasetManifest.SplitFigures>> splits)
            throws IOException {
        ContentKey corpus = ContentKey.of(List.of("corpus"));
        PreparedPlan plan = new PreparedPlan(context.keys().datasetKey(baseHash, corpus), corpus, baseHash);
        storage.create(context.layout().plan(context.keys().configKey()), Json.bytes(plan));
        org.apache.hadoop.fs.Path directory = context.layout().dataset(plan.datasetKey());
        DatasetManifest manifest = TokenParquet.writeSplit(storage, directory, rows(), 20, 8, 300);
        storage.create(
                new org.apache.hadoop.fs.Path(directory, RunLayout.MANIFEST),
                Json.bytes(new DatasetManifest(
                        1,
                        plan.datasetKey(),
                        context.keys().configKey(),
                        corpus,
                        baseHash,
                        corpus.hex(),
                        LENGTH,
                        300,
                        splits.apply(manifest),
                        manifest.funnel(),
                        Map.of(),
                        Map.of(),
                        List.of(),
                        List.of(),
                        manifest.files(),
                        "{}")));
        return plan;
    }

    /** The sequences that {@link #prepare} wrote. */
    TokenSequences sequences(StageMain.Context context) {
        org.apache.hadoop.fs.Path directory = context.layout()
                .dataset(context.keys().plan(context.layout(), storage).datasetKey());
        DatasetManifest manifest = StageTransaction.committed(storage, directory, DatasetManifest.class)
                .orElseThrow();
        return TokenSequences.open(storage, directory, manifest, Split.VALIDATION);
    }

    /** What the model's bytes come to. */
    ContentKey baseHash() {
        try (BaseModel base = BaseModel.open(model)) {
            return new ContentKey(base.contentHash().sha256());
        }
    }

    /** Few tokens that follow one another in order: easy to learn. */
    private static List<TokenParquet.Row> rows() {
        Random random = new Random(5);
        List<TokenParquet.Row> rows = new ArrayList<>();
        for (int id = 0; id < 30; id++) {
            int first = random.nextInt(8);
            int[] ids = new int[LENGTH];
            Arrays.setAll(ids, at -> 40 + (first + at) % 8);
            int[] labels = ids.clone();
            int border = 1 + random.nextInt(LENGTH - 1);
            labels[0] = MicroBatch.IGNORED;
            labels[border] = MicroBatch.IGNORED;
            rows.add(new TokenParquet.Row(id, ids, labels, new int[] {border, LENGTH - border}));
        }
        return rows;
    }

    /** The trained tensors' file. */
    byte[] adapterBytes(StageMain.Context context, ContentKey runKey) {
        return storage.read(
                new org.apache.hadoop.fs.Path(context.layout().adapterFiles(runKey), "adapter_model.safetensors"));
    }
}
