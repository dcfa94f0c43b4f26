package io.sparklora.dataprep;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import io.sparklora.dataprep.corpus.Corpus;
import io.sparklora.dataprep.dataset.Ledger;
import io.sparklora.dataprep.dataset.SequencePlan;
import io.sparklora.dataprep.dataset.Sequences;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.dataset.TokenizedDocuments;
import io.sparklora.dataprep.privacy.Findings;
import io.sparklora.dataprep.privacy.ProtectPrivacy;
import io.sparklora.dataprep.step.CheckLicence;
import io.sparklora.dataprep.step.DistinguishIds;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropExactDuplicates;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.LimitLength;
import io.sparklora.dataprep.step.NormaliseText;
import io.sparklora.dataprep.step.RemoveRecurringLines;
import io.sparklora.dataprep.step.SplitOversized;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.StripMarkup;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import io.sparklora.pipeline.dataset.DatasetManifest.SourceFigures;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The pipeline from corpus to token dataset: read, the steps, ledger, tokens, sequences.
 *
 * @param corpus the sources
 * @param prepare how each step works
 * @param seed of the split
 * @param rules how texts become tokens
 */
record Preparation(CorpusConfig corpus, PrepareConfig prepare, long seed, TokenRules rules) {
    private static final int MOST_LICENCES = 10_000;

    /**
     * What was written.
     *
     * @param splits figures and files of each split that has sequences
     * @param funnel documents in and out
     * @param licences documents kept by licence
     * @param sources what was read of each source
     * @param privacy what was found of each kind that was looked for
     */
    record Outcome(
            List<SplitFigures> splits,
            Funnel funnel,
            Map<String, Long> licences,
            List<SourceFigures> sources,
            List<PrivacyFigures> privacy) {}

    /** What happens to every document, in this order; steps that are switched off are left out. */
    List<Step> steps() {
        return Stream.<Step>of(
                        new CheckLicence(corpus.licences()),
                        new StripMarkup(prepare.html(), markdownSources()),
                        new NormaliseText(prepare.unicode()),
                        new ProtectPrivacy(prepare.privacy()),
                        new SplitOversized(prepare.length()),
                        new RemoveRecurringLines(prepare.recurringLines()),
                        new LimitLength(prepare.length()),
                        new DistinguishIds(),
                        new DropExactDuplicates(prepare.deduplicate()))
                .filter(Step::isOn)
                .toList();
    }

    private Set<Integer> markdownSources() {
        return IntStream.range(0, corpus.sources().size())
                .filter(index -> corpus.sources().get(index).markup() == SourceConfig.Markup.MARKDOWN)
                .boxed()
                .collect(Collectors.toSet());
    }

    /**
     * Prepares the dataset's files below a directory.
     *
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where the corpus is unusable, or nothing of it is left for a
     *     split that the configuration asks for
     */
    Outcome run(SparkSession spark, Storage storage, Path below, Progress progress) {
        try (CachedDatasets cached = new CachedDatasets()) {
            Corpus source = Corpus.open(spark, storage, corpus);
            progress.begin("reading %,d sources", corpus.sources().size());
            Dataset<Row> cleaned = cached.keep(apply(stepsOfDocuments(), source.read()));
            Corpus.Checked checked = source.checked(cleaned);

            progress.begin("comparing %,d documents", checked.rows());
            Dataset<Row> judged = cached.keep(apply(stepsOfCorpus(), checked.documents()));
            Ledger ledger = Ledger.of(judged, checked.rows(), reasons());
            refuseOversized(judged, ledger.funnel());
            requireKept(ledger.funnel());
            ledger.write(storage, below);

            progress.begin("tokenising %,d documents", ledger.funnel().kept());
            Dataset<Row> tokens =
                    cached.keep(TokenizedDocuments.of(judged, ledger.characters(), prepare.split(), seed, rules));
            int length = prepare.sequence().length();
            SequencePlan plan = SequencePlan.of(tokens, length, rules);
            requireAll(plan, ledger.funnel());

            progress.begin("writing %,d tokens as %,d sequences", plan.tokens(), plan.sequences());
            List<SplitFigures> splits = new Sequences(length, rules.pad()).write(tokens, plan, storage, below);
            requireSplits(splits, ledger.funnel().kept());
            return new Outcome(
                    splits,
                    ledger.funnel(),
                    licences(tokens),
                    checked.sources(),
                    Findings.of(judged, prepare.privacy()));
        }
    }

    private static Dataset<Row> apply(List<Step> steps, Dataset<Row> documents) {
        Dataset<Row> result = documents;
        for (Step step : steps) {
            result = step.apply(result);
        }
        return result;
    }

    /** The steps before the first that compares documents. */
    private List<Step> stepsOfDocuments() {
        return steps().stream()
                .takeWhile(step -> step instanceof Step.OfDocument)
                .toList();
    }

    /** The first step that compares documents, and all after it. */
    private List<Step> stepsOfCorpus() {
        return steps().stream()
                .dropWhile(step -> step instanceof Step.OfDocument)
                .toList();
    }

    private List<DropReason> reasons() {
        List<DropReason> reasons = new ArrayList<>(Corpus.reasons());
        steps().forEach(step -> reasons.addAll(step.reasons()));
        return List.copyOf(reasons);
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

    private static void requireAll(SequencePlan plan, Funnel funnel) {
        if (plan.documents() != funnel.kept()) {
            throw new IllegalStateException(
                    plan.documents() + " documents were tokenised, but " + funnel.kept() + " were kept");
        }
    }

    private void requireSplits(List<SplitFigures> splits, long kept) {
        requireSplit(splits, Split.TRAIN, 1, kept);
        requireSplit(splits, Split.VALIDATION, prepare.split().validation(), kept);
    }

    private static void requireSplit(List<SplitFigures> splits, Split split, double share, long kept) {
        if (share > 0 && splits.stream().noneMatch(figures -> figures.split() == split)) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    "no document fell into the " + split.directory() + " split: " + kept
                            + " documents are too few for prepare.split, or another seed is needed");
        }
    }

    private static Map<String, Long> licences(Dataset<Row> tokens) {
        Map<String, Long> licences = new TreeMap<>();
        for (Row row : tokens.groupBy(col(Documents.LICENCE))
                .agg(count(lit(1)))
                .limit(MOST_LICENCES + 1)
                .collectAsList()) {
            licences.put(row.getString(0), row.getLong(1));
        }
        if (licences.size() > MOST_LICENCES) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    "corpus.sources.N.licence-column holds more than " + MOST_LICENCES
                            + " different values: is it the licence?");
        }
        return licences;
    }
}
