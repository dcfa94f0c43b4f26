package io.sparklora.dataprep.filter;

import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * Drops documents whose lines are no sentences: lists, menus, tables (Penedo et al. 2024, arXiv:2406.17557, section 3.6).
 * Lines end at line feeds alone; blank ones do not count.
 */
public final class FineWebQuality implements Step.OfDocument {
    private static final String NAME = "fineweb-quality";

    private static final int LINES = 0;
    private static final int PUNCTUATED_LINES = 1;
    private static final int SHORT_LINES = 2;
    private static final int DUPLICATE_CHARACTERS = 3;
    private static final int LIST_RATIO = 4;
    private static final int FIGURES = 5;

    private final FiltersConfig.FineWeb limits;

    /** @param limits what is kept */
    public FineWebQuality(FiltersConfig.FineWeb limits) {
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
        int shortLine = limits.shortLineCharacters();
        Measures measures = new Measures("line_figures", text -> measure(text, shortLine));
        return Measures.drop(Rule.apply(rules(), measures.measure(documents)));
    }

    private List<Rule> rules() {
        return List.of(
                Rule.refuse(reason("empty"), Measures.at(LINES).equalTo(0)),
                Rule.atLeast(reason("line-punct-ratio"), Measures.at(PUNCTUATED_LINES), limits.minLinePunctuation()),
                Rule.atMost(reason("short-line-ratio"), Measures.at(SHORT_LINES), limits.maxShortLines()),
                Rule.atMost(
                        reason("char-dup-ratio"), Measures.at(DUPLICATE_CHARACTERS), limits.maxDuplicateCharacters()),
                Rule.atMost(reason("list-ratio"), Measures.at(LIST_RATIO), limits.maxListRatio()));
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static @Nullable Double[] measure(String text, int shortLine) {
        List<String> lines = Lines.between(text, 1).stream()
                .filter(line -> !Lines.trimmedStart(line).isEmpty())
                .toList();
        long feeds = text.chars().filter(character -> character == '\n').count();
        @Nullable Double[] measures = new Double[FIGURES];
        measures[LINES] = (double) lines.size();
        measures[PUNCTUATED_LINES] = Lines.share(lines, FineWebQuality::endsSentence);
        measures[SHORT_LINES] = Lines.share(lines, line -> Lines.codePoints(line) <= shortLine);
        measures[DUPLICATE_CHARACTERS] =
                Measures.ratio(Duplicates.of(lines).characters(), Lines.codePoints(text) - feeds);
        measures[LIST_RATIO] = Measures.ratio(feeds, Words.of(text).count());
        return measures;
    }

    private static boolean endsSentence(String line) {
        return CharacterKinds.is(line.codePointBefore(line.length()), CharacterKinds.SENTENCE_END);
    }
}
