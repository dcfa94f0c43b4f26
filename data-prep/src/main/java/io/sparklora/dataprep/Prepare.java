package io.sparklora.dataprep;

import io.sparklora.dataprep.corpus.Corpus;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.sample.ChatFormat;
import io.sparklora.dataprep.statistics.StatisticsPage;
import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SpecialTokens;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.dataset.CorpusFingerprint;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetStatistics;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.PreparedPlan;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.StageResult;
import io.sparklora.pipeline.run.StageTransaction;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * The stage that makes a token dataset out of a corpus. The dataset's key follows from the corpus' content, the base
 * model's and the configuration: where a dataset of that key is there, nothing is read twice and no Spark session is
 * started (unless a table must be looked at).
 */
public final class Prepare {
    private static final int SCHEMA_VERSION = 1;
    private static final double NANOS_A_SECOND = 1e9;

    private final StageMain.Context context;
    private final ContentKey baseModelHash;
    private final TokenRules rules;
    private final Optional<ChatFormat> chat;
    private final Supplier<SparkSession> spark;
    private final long start = System.nanoTime();

    private Prepare(StageMain.Context context, BaseModel base, Supplier<SparkSession> spark) {
        this.context = context;
        this.baseModelHash = new ContentKey(base.contentHash().sha256());
        this.rules = rules(base);
        this.chat = ChatFormat.of(base, SealedVocabulary.of(rules.tokenizerJson()));
        this.spark = spark;
    }

    /** Runs the stage: {@code CONFIG.yaml [--set a.b=c]...}. */
    public static void main(String[] args) {
        StageMain.run(Stage.PREPARE, args, context -> {
            try (SparkApplication application = new SparkApplication()) {
                return run(context, application::session);
            }
        });
    }

    /** As {@link #main}, with a session that the caller starts when it is asked for one. */
    static StageResult run(StageMain.Context context, Supplier<SparkSession> spark) {
        try (BaseModel base = BaseModel.open(context.config().base().path())) {
            base.shape()
                    .requireContext(
                            "prepare.sequence.length",
                            context.config().prepare().sequence().length());
            return new Prepare(context, base, spark).run();
        } catch (Exception e) {
            throw SparkFailures.explained(e);
        }
    }

    private StageResult run() {
        RunConfig config = context.config();
        ContentKey fingerprint = CorpusFingerprint.ofFiles(context.storage(), config.inputs())
                .orElseGet(() -> Corpus.fingerprint(spark.get(), context.storage(), config.inputs()));
        ContentKey datasetKey = context.keys().datasetKey(baseModelHash, fingerprint);
        org.apache.hadoop.fs.Path directory = context.layout().dataset(datasetKey);
        Optional<DatasetManifest> done =
                StageTransaction.committed(context.storage(), directory, DatasetManifest.class);
        DatasetManifest manifest = done.orElseGet(() -> prepare(directory, datasetKey, fingerprint));
        refuseNothingNew(manifest);
        context.storage()
                .replace(
                        context.layout().plan(context.keys().configKey()),
                        Json.bytes(new PreparedPlan(datasetKey, fingerprint, baseModelHash)));
        return result(
                manifest, directory, done.isPresent() ? StageResult.Status.ALREADY_DONE : StageResult.Status.DONE);
    }

    /**
     * Ends the stage where the corpus has changed, but not the sequences that were made of it, and an adapter was already
     * trained on them. The plan then goes on leading to that adapter's dataset.
     */
    private void refuseNothingNew(DatasetManifest manifest) {
        if (!context.storage().exists(context.layout().plan(context.keys().configKey()))) {
            return;
        }
        PreparedPlan before = context.keys().plan(context.layout(), context.storage());
        org.apache.hadoop.fs.Path trained = context.layout().dataset(before.datasetKey());
        boolean isTrainedOn = context.storage()
                .exists(new org.apache.hadoop.fs.Path(
                        context.layout().adapter(context.keys().runKey(before)), RunLayout.MANIFEST));
        if (before.datasetKey().equals(manifest.datasetKey()) || !isTrainedOn) {
            return;
        }
        StageTransaction.committed(context.storage(), trained, DatasetManifest.class)
                .filter(earlier -> sequences(earlier).equals(sequences(manifest)))
                .ifPresent(same -> {
                    throw new StageFailure(
                            ExitCode.NO_NEW_DATA,
                            "the corpus has changed, but what is trained on is that of " + trained
                                    + ", of which there is an adapter");
                });
    }

    private static List<FileEntry> sequences(DatasetManifest manifest) {
        Set<String> paths = manifest.splits().stream()
                .flatMap(split -> split.files().stream())
                .map(DatasetManifest.DataFile::path)
                .collect(Collectors.toSet());
        return manifest.files().stream()
                .filter(file -> paths.contains(file.path()))
                .toList();
    }

    private DatasetManifest prepare(
            org.apache.hadoop.fs.Path directory, ContentKey datasetKey, ContentKey fingerprint) {
        RunConfig config = context.config();
        Preparation preparation = new Preparation(
                config.corpus(),
                config.prepare(),
                config.seed(),
                rules,
                chat,
                config.prepare().reuse() ? Optional.of(context.layout().computed()) : Optional.empty());
        try (StageTransaction transaction = StageTransaction.begin(context.storage(), directory)) {
            Progress progress = new Progress(spark.get(), System.err);
            Preparation.Outcome outcome =
                    preparation.run(spark.get(), context.storage(), transaction.workDirectory(), progress);
            outcome.nearDuplicates().ifPresent(figures -> progress.begin("%s", Wording.nearDuplicates(figures)));
            writeStatistics(statistics(datasetKey, outcome), transaction.workDirectory());
            DatasetManifest manifest = transaction.commit(files -> manifest(datasetKey, fingerprint, outcome, files));
            progress.begin("see %s", new org.apache.hadoop.fs.Path(directory, DatasetStatistics.PAGE));
            return manifest;
        }
    }

    private void writeStatistics(DatasetStatistics statistics, org.apache.hadoop.fs.Path below) {
        context.storage().create(new org.apache.hadoop.fs.Path(below, DatasetStatistics.FILE), Json.bytes(statistics));
        context.storage()
                .create(new org.apache.hadoop.fs.Path(below, DatasetStatistics.PAGE), StatisticsPage.of(statistics));
    }

    private DatasetStatistics statistics(ContentKey datasetKey, Preparation.Outcome outcome) {
        return new DatasetStatistics(
                SCHEMA_VERSION,
                datasetKey,
                context.config().prepare().sequence().length(),
                outcome.funnel(),
                outcome.changes(),
                outcome.splitStatistics(),
                outcome.composition().sources(context.config().corpus().sources(), outcome.sources()),
                outcome.languages(),
                outcome.composition().licences(),
                outcome.privacy(),
                outcome.nearDuplicates(),
                outcome.samples().kept(),
                outcome.samples().dropped());
    }

    private DatasetManifest manifest(
            ContentKey datasetKey, ContentKey fingerprint, Preparation.Outcome outcome, List<FileEntry> files) {
        return new DatasetManifest(
                SCHEMA_VERSION,
                datasetKey,
                context.keys().configKey(),
                fingerprint,
                baseModelHash,
                ContentKey.ofText(rules.tokenizerJson()).hex(),
                context.config().prepare().sequence().length(),
                rules.vocabularySize(),
                outcome.splits(),
                outcome.funnel(),
                outcome.licences(),
                outcome.keptByLanguage(),
                outcome.sources(),
                outcome.privacy(),
                files,
                context.keys().preparation());
    }

    private StageResult result(
            DatasetManifest manifest, org.apache.hadoop.fs.Path directory, StageResult.Status status) {
        return new StageResult(
                Stage.PREPARE,
                status,
                ExitCode.DONE.code(),
                Optional.empty(),
                "",
                new StageResult.Summary("prepared", Wording.documents(manifest.funnel()), Wording.tokens(manifest)),
                Wording.figures(manifest),
                Map.of(
                        "dataset",
                        directory.toString(),
                        "manifest",
                        new org.apache.hadoop.fs.Path(directory, RunLayout.MANIFEST).toString(),
                        "statistics",
                        new org.apache.hadoop.fs.Path(directory, DatasetStatistics.PAGE).toString()),
                (System.nanoTime() - start) / NANOS_A_SECOND);
    }

    private static TokenRules rules(BaseModel base) {
        SpecialTokens special = base.specialTokens();
        return new TokenRules(
                base.tokenizerJson(),
                special.bosByDefault() ? special.bos() : OptionalInt.empty(),
                special.endOfText(),
                special.pad().orElse(special.endOfText()),
                base.shape().vocabularySize());
    }
}
