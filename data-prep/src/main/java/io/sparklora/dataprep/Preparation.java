package io.sparklora.dataprep;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;

import io.sparklora.dataprep.contamination.Decontaminate;
import io.sparklora.dataprep.corpus.Corpus;
import io.sparklora.dataprep.dataset.Ledger;
import io.sparklora.dataprep.dataset.SequencePlan;
import io.sparklora.dataprep.dataset.Sequences;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.dataset.TokenizedDocuments;
import io.sparklora.dataprep.duplicate.DropNearDuplicates;
import io.sparklora.dataprep.duplicate.RemoveRepeatedParagraphs;
import io.sparklora.dataprep.filter.C4Quality;
import io.sparklora.dataprep.filter.FineWebQuality;
import io.sparklora.dataprep.filter.GopherQuality;
import io.sparklora.dataprep.filter.GopherRepetition;
import io.sparklora.dataprep.language.KeepLanguages;
import io.sparklora.dataprep.privacy.Findings;
import io.sparklora.dataprep.privacy.ProtectPrivacy;
import io.sparklora.dataprep.sample.ChatFormat;
import io.sparklora.dataprep.sample.EncodeSamples;
import io.sparklora.dataprep.split.AssignSplit;
import io.sparklora.dataprep.split.RepeatByWeight;
import io.sparklora.dataprep.statistics.Composition;
import io.sparklora.dataprep.statistics.DocumentSamples;
import io.sparklora.dataprep.statistics.KeepExcerpts;
import io.sparklora.dataprep.step.CheckLicence;
import io.sparklora.dataprep.step.DistinguishIds;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropExactDuplicates;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.LimitLength;
import io.sparklora.dataprep.step.NormaliseText;
import io.sparklora.dataprep.step.RemoveRecurringLines;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.SplitOversized;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.StripMarkup;
import io.sparklora.dataprep.step.TextChange;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.MovableStep;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.PrepareConfig.Deduplicate;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates.Keep;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import io.sparklora.pipeline.dataset.DatasetManifest.SourceFigures;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.LanguageStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.Lengths;
import io.sparklora.pipeline.dataset.DatasetStatistics.NearDuplicateFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.DatasetStatistics.SplitStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.StepFigure;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * The pipeline from corpus to token dataset: read, the steps, ledger, tokens, sequences.
 *
 * @param corpus the sources
 * @param prepare how each step works
 * @param seed of the split
 * @param rules how texts become tokens
 * @param chat how the model writes a conversation; empty where it has no template
 * @param computed where earlier preparations left what they computed of texts; empty where nothing is reused
 */
record Preparation(
        CorpusConfig corpus,
        PrepareConfig prepare,
        long seed,
        TokenRules rules,
        Optional<ChatFormat> chat,
        Optional<Path> computed) {
    /**
     * What was written.
     *
     * @param splits figures and files of each split that has sequences
     * @param funnel documents in and out
     * @param changes what the steps did to texts
     * @param composition what the kept documents have in common
     * @param languages what became of the documents of each language
     * @param lengths of the documents of every split
     * @param samples some documents to show
     * @param sources what was read of each source
     * @param privacy what was found of each kind that was looked for
     * @param nearDuplicates how well near-duplicates were found, where that was measured
     */
    record Outcome(
            List<SplitFigures> splits,
            Funnel funnel,
            List<StepFigure> changes,
            Composition composition,
            List<LanguageStatistics> languages,
            Map<Split, Lengths> lengths,
            DocumentSamples samples,
            List<SourceFigures> sources,
            List<PrivacyFigures> privacy,
            Optional<NearDuplicateFigures> nearDuplicates) {
        /** Documents kept by licence. */
        Map<String, Long> licences() {
            return documents(composition.licences());
        }

        /** Documents kept by language; empty where languages are neither identified nor declared. */
        Map<String, Long> keptByLanguage() {
            return documents(composition.languages());
        }

        /** The splits without their files, and with their documents' lengths. */
        List<SplitStatistics> splitStatistics() {
            return splits.stream()
                    .map(split -> new SplitStatistics(
                            split.split(),
                            split.documents(),
                            split.tokens(),
                            split.supervisedTokens(),
                            split.sequences(),
                            split.packing(),
                            Objects.requireNonNull(lengths.get(split.split()))))
                    .toList();
        }

        private static Map<String, Long> documents(List<Share> shares) {
            return shares.stream().collect(Collectors.toUnmodifiableMap(Share::name, Share::documents));
        }
    }

    /**
     * What happens to every document, in this order; steps that are switched off are left out. One method however long, so
     * that the order is read in one place.
     */
    List<Step> steps(
            ScratchTables scratch,
            ValueStore store,
            Supplier<Dataset<Row>> evaluationSets,
            Consumer<NearDuplicateFigures> nearDuplicates) {
        List<Step> steps = new ArrayList<>(List.of(
                new CheckLicence(corpus.licences()),
                new StripMarkup(prepare.html(), markdownSources()),
                new NormaliseText(prepare.unicode()),
                new ProtectPrivacy(prepare.privacy()),
                new KeepExcerpts(prepare.statistics()),
                new SplitOversized(prepare.length())));
        for (MovableStep movable : prepare.order()) {
            steps.addAll(
                    switch (movable) {
                        case RECURRING_LINES -> List.of(new RemoveRecurringLines(prepare.recurringLines()));
                        case LENGTH -> List.of(new LimitLength(prepare.length()));
                        case LANGUAGE -> List.of(new KeepLanguages(prepare.language(), corpus.sources()));
                        case GOPHER_REPETITION ->
                            List.of(new GopherRepetition(prepare.filters().gopherRepetition()));
                        case GOPHER_QUALITY ->
                            List.of(new GopherQuality(prepare.filters().gopherQuality()));
                        case C4_QUALITY ->
                            List.of(new C4Quality(prepare.filters().c4Quality()));
                        case FINEWEB_QUALITY ->
                            List.of(new FineWebQuality(prepare.filters().finewebQuality()));
                        case DEDUPLICATE -> deduplication(scratch, store, nearDuplicates);
                        case SPLIT -> List.of(new AssignSplit(prepare.split(), seed, units(), scratch));
                        case PARAGRAPHS ->
                            List.of(new RemoveRepeatedParagraphs(prepare.repeatedParagraphs(), prepare.length()));
                        case DECONTAMINATE ->
                            List.of(new Decontaminate(prepare.decontaminate(), evaluationSets, scratch));
                    });
        }
        steps.add(new RepeatByWeight(corpus.sources(), seed));
        if (holdsSamples()) {
            steps.add(new EncodeSamples(
                    corpus.sources(), rules, chat, prepare.sequence().length(), store));
        }
        return steps.stream().filter(Step::isOn).toList();
    }

    /** Near-duplicates follow exact ones at once: texts that are the same would be one node. */
    private List<Step> deduplication(
            ScratchTables scratch, ValueStore store, Consumer<NearDuplicateFigures> nearDuplicates) {
        return List.of(
                new DistinguishIds(),
                new DropExactDuplicates(prepare.deduplicate()),
                new DropNearDuplicates(
                        prepare.deduplicate(), prepare.nearDuplicates(), scratch, store, nearDuplicates));
    }

    private Set<Integer> markdownSources() {
        return IntStream.range(0, corpus.sources().size())
                .filter(index -> corpus.sources().get(index).markup() == SourceConfig.Markup.MARKDOWN)
                .boxed()
                .collect(Collectors.toSet());
    }

    private boolean holdsSamples() {
        return corpus.sources().stream().anyMatch(source -> source.kind() != SourceConfig.Kind.TEXT);
    }

    /** What stays on one side of the split. */
    private List<String> units() {
        List<String> units = new ArrayList<>();
        if (corpus.sources().stream().anyMatch(source -> !source.group().isEmpty())) {
            units.add(Documents.GROUP);
        }
        if (prepare.deduplicate() == Deduplicate.NEAR
                && prepare.nearDuplicates().keep() == Keep.ALL) {
            units.add(Documents.CLUSTER);
        }
        return units;
    }

    /**
     * Prepares the dataset's files below a directory.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where the corpus is unusable, or nothing of it is left for a
     *     split that the configuration asks for
     */
    Outcome run(SparkSession spark, Storage storage, Path below, Progress progress) {
        try (ScratchTables scratch = new ScratchTables(storage, below)) {
            ValueStore store = new ValueStore(storage, computed, scratch);
            List<NearDuplicateFigures> nearDuplicates = new ArrayList<>();
            List<Step> steps = steps(scratch, store, () -> evaluationSets(spark, storage), nearDuplicates::add);
            Corpus source = Corpus.open(spark, storage, corpus).showing(ProtectPrivacy.names(prepare.privacy()));
            progress.begin("reading %,d sources", corpus.sources().size());
            Dataset<Row> cleaned = scratch.keep(apply(ofDocuments(steps), source.read()));
            Corpus.Checked checked = source.checked(cleaned);

            progress.begin("comparing %,d documents", checked.rows());
            Dataset<Row> judged = scratch.keep(compare(ofCorpus(steps), checked.documents(), scratch));
            Ledger ledger = Ledger.of(judged, checked.rows(), reasons(steps), changes(steps));
            if (holdsSamples()) {
                EncodeSamples.requireUsable(
                        judged, ledger.funnel(), prepare.samples().unusable());
            }
            refuseOversized(judged, ledger.funnel());
            requireKept(ledger.funnel());
            requireWhole(judged);
            ledger.write(storage, below);

            progress.begin("tokenising %,d documents", ledger.funnel().kept());
            List<SourceFigures> sources = sources(checked, judged);
            long samples = sources.stream().mapToLong(SourceFigures::samples).sum();
            // In the executors' memory, since places in a partition hold for one computation only.
            Dataset<Row> tokens = TokenizedDocuments.of(judged, ledger.characters(), rules, store)
                    .persist(StorageLevel.MEMORY_AND_DISK());
            try {
                int length = prepare.sequence().length();
                SequencePlan plan = SequencePlan.of(tokens, length, rules);
                requireAll(plan, samples);

                progress.begin("writing %,d tokens as %,d sequences", plan.tokens(), plan.sequences());
                List<SplitFigures> splits = new Sequences(length, rules.pad()).write(tokens, plan, storage, below);
                requireSplits(splits, samples);

                progress.begin("describing %,d documents", checked.rows());
                Composition composition =
                        Composition.of(tokens, corpus.sources().size());
                return new Outcome(
                        splits,
                        ledger.funnel(),
                        ledger.changes(),
                        composition,
                        ledger.languages(composition.languages()),
                        plan.lengths(),
                        DocumentSamples.of(
                                judged, ledger.funnel(), prepare.statistics().samples()),
                        sources,
                        Findings.of(judged, prepare.privacy()),
                        nearDuplicates.stream().findFirst());
            } finally {
                tokens.unpersist();
            }
        }
    }

    /** The texts of the evaluation sets, with the columns of {@link Documents}. */
    private Dataset<Row> evaluationSets(SparkSession spark, Storage storage) {
        Corpus sets = Corpus.open(
                        spark,
                        storage,
                        PrepareConfig.EVALUATION_SETS,
                        prepare.decontaminate().evaluationSets(),
                        corpus.badRows(),
                        corpus.emptySources())
                .showing(ProtectPrivacy.names(prepare.privacy()));
        Dataset<Row> texts = new NormaliseText(prepare.unicode()).apply(sets.read());
        return sets.checked(texts).documents();
    }

    private static Dataset<Row> apply(List<Step> steps, Dataset<Row> documents) {
        Dataset<Row> result = documents;
        for (Step step : steps) {
            result = step.apply(result);
        }
        return result;
    }

    /** Applies steps of which some compare documents, and keeps what they compare where it was worked on before. */
    private static Dataset<Row> compare(List<Step> steps, Dataset<Row> documents, ScratchTables scratch) {
        Dataset<Row> result = documents;
        boolean isWorkedOn = false;
        for (Step step : steps) {
            boolean compares = step instanceof Step.OfCorpus;
            result = step.apply(compares && isWorkedOn ? scratch.keep(result) : result);
            isWorkedOn = !compares;
        }
        return result;
    }

    /** The steps before the first that compares documents. */
    private static List<Step> ofDocuments(List<Step> steps) {
        return steps.stream().takeWhile(step -> step instanceof Step.OfDocument).toList();
    }

    /** The first step that compares documents, and all after it. */
    private static List<Step> ofCorpus(List<Step> steps) {
        return steps.stream().dropWhile(step -> step instanceof Step.OfDocument).toList();
    }

    private static List<DropReason> reasons(List<Step> steps) {
        List<DropReason> reasons = new ArrayList<>(Corpus.reasons());
        steps.forEach(step -> reasons.addAll(step.reasons()));
        return List.copyOf(reasons);
    }

    private static List<TextChange> changes(List<Step> steps) {
        return steps.stream().flatMap(step -> step.changes().stream()).toList();
    }

    private void refuseOversized(Dataset<Row> judged, Funnel funnel) {
        boolean areRefused = prepare.length().oversized() == PrepareConfig.Oversized.REFUSE;
        long tooLong = areRefused ? LimitLength.tooLong(funnel) : 0;
        if (tooLong > 0) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    String.format(
                            Locale.ROOT,
                            "%,d documents are longer than prepare.length.max-characters %d, and "
                                    + "prepare.length.oversized is refuse; the first is %s",
                            tooLong,
                            prepare.length().maxCharacters(),
                            LimitLength.firstTooLong(judged)));
        }
    }

    private static void requireKept(Funnel funnel) {
        if (funnel.kept() == 0) {
            throw new StageFailure(ExitCode.BAD_INPUT, "nothing is left of the corpus: " + Wording.documents(funnel));
        }
    }

    private static void requireWhole(Dataset<Row> documents) {
        long straddling = AssignSplit.straddling(documents);
        if (straddling > 0) {
            throw new IllegalStateException(straddling + " groups or clusters have documents in more than one split");
        }
    }

    private static void requireAll(SequencePlan plan, long samples) {
        if (plan.documents() != samples) {
            throw new IllegalStateException(
                    plan.documents() + " documents were tokenised, but " + samples + " were kept");
        }
    }

    private void requireSplits(List<SplitFigures> splits, long kept) {
        requireSplit(splits, Split.TRAIN, true, kept);
        requireSplit(splits, Split.VALIDATION, prepare.split().holdsOutValidation(), kept);
    }

    private static void requireSplit(List<SplitFigures> splits, Split split, boolean isNeeded, long kept) {
        if (isNeeded && splits.stream().noneMatch(figures -> figures.split() == split)) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    "no document fell into the " + split.directory() + " split: " + kept
                            + " documents are too few for prepare.split, or another seed is needed");
        }
    }

    private static List<SourceFigures> sources(Corpus.Checked checked, Dataset<Row> judged) {
        Map<Integer, Long> samples = new HashMap<>();
        judged.where(col(Documents.DROPPED).isNull())
                .groupBy(Documents.SOURCE)
                .agg(sum(Documents.copies(judged)))
                .collectAsList()
                .forEach(row -> samples.put(row.getInt(0), row.getLong(1)));
        return checked.sources().stream()
                .map(rows -> new SourceFigures(
                        rows.source(),
                        rows.documents(),
                        rows.malformed(),
                        rows.outsideWindow(),
                        samples.getOrDefault(rows.source(), 0L)))
                .toList();
    }
}
