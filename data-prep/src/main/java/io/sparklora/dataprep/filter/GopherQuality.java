package io.sparklora.dataprep.filter;

import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * Drops documents that don't look like prose (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1). Number and mean length
 * count the words that are more than punctuation; the other shares of words count all.
 */
public final class GopherQuality implements Step.OfDocument {
    private static final String NAME = "gopher-quality";
    private static final String HASH = "#";
    private static final String DOTS = "...";
    private static final String ELLIPSIS = "\u2026";
    private static final String BULLET = "\u2022";
    private static final String DASH = "-";

    private static final int WORDS = 0;
    private static final int MEAN_LENGTH = 1;
    private static final int HASHES = 2;
    private static final int ELLIPSES = 3;
    private static final int BULLET_LINES = 4;
    private static final int ELLIPSIS_LINES = 5;
    private static final int ALPHABETIC_WORDS = 6;
    private static final int STOP_WORDS = 7;
    private static final int FIGURES = 8;

    private final FiltersConfig.GopherQuality limits;

    /** @param limits what is kept */
    public GopherQuality(FiltersConfig.GopherQuality limits) {
        this.limits = limits;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isOn() {
        return limits.enabled();
    }

    @Override
    public List<DropReason> reasons() {
        return rules().stream().map(Rule::reason).toList();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        List<String> stopWords = limits.stopWords();
        Measures measures = new Measures("quality", text -> measure(text, stopWords));
        return Measures.drop(Rule.apply(rules(), measures.measure(documents)));
    }

    private List<Rule> rules() {
        return List.of(
                Rule.atLeast(reason("short-doc"), Measures.at(WORDS), limits.minWords()),
                Rule.atMost(reason("long-doc"), Measures.at(WORDS), limits.maxWords()),
                Rule.atLeast(reason("below-avg-threshold"), Measures.at(MEAN_LENGTH), limits.minMeanWordLength()),
                Rule.atMost(reason("above-avg-threshold"), Measures.at(MEAN_LENGTH), limits.maxMeanWordLength()),
                Rule.atMost(reason("too-many-hashes"), Measures.at(HASHES), limits.maxSymbolRatio()),
                Rule.atMost(reason("too-many-ellipsis"), Measures.at(ELLIPSES), limits.maxSymbolRatio()),
                Rule.atMost(reason("too-many-bullets"), Measures.at(BULLET_LINES), limits.maxBulletLines()),
                Rule.atMost(reason("too-many-end-ellipsis"), Measures.at(ELLIPSIS_LINES), limits.maxEllipsisLines()),
                Rule.atLeast(
                        reason("below-alpha-threshold"), Measures.at(ALPHABETIC_WORDS), limits.minAlphabeticWords()),
                Rule.atLeast(reason("enough-stop-words"), Measures.at(STOP_WORDS), limits.minStopWords()));
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static @Nullable Double[] measure(String text, List<String> stopWords) {
        WordFigures words = WordFigures.of(Words.of(text), stopWords);
        List<String> lines = Lines.of(text);
        @Nullable Double[] measures = new Double[FIGURES];
        measures[WORDS] = (double) words.plainWords();
        measures[MEAN_LENGTH] = Measures.ratio(words.plainCharacters(), words.plainWords());
        measures[HASHES] = Measures.ratio(occurrences(HASH, text), words.words());
        measures[ELLIPSES] = Measures.ratio(occurrences(DOTS, text) + occurrences(ELLIPSIS, text), words.words());
        measures[BULLET_LINES] = Lines.share(lines, GopherQuality::startsWithBullet);
        measures[ELLIPSIS_LINES] = Lines.share(lines, GopherQuality::endsWithEllipsis);
        measures[ALPHABETIC_WORDS] = Measures.ratio(words.alphabeticWords(), words.words());
        measures[STOP_WORDS] = (double) words.stopWords();
        return measures;
    }

    /** How often something stands in a text, without overlaps. */
    private static int occurrences(String what, String text) {
        int count = 0;
        for (int at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length())) {
            count++;
        }
        return count;
    }

    private static boolean startsWithBullet(String line) {
        String stripped = Lines.trimmedStart(line);
        return stripped.startsWith(BULLET) || stripped.startsWith(DASH);
    }

    private static boolean endsWithEllipsis(String line) {
        String stripped = Lines.trimmedEnd(line);
        return stripped.endsWith(DOTS) || stripped.endsWith(ELLIPSIS);
    }
}
