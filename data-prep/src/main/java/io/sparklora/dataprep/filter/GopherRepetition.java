package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.col;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * Drops documents that repeat themselves: paragraphs, lines, and n-grams of words (Rae et al. 2021, arXiv:2112.11446, table
 * A1). Every figure but the shares of paragraphs and lines is a share of the text's characters (code points, white space
 * included). Two or more line feeds part paragraphs, one or more part lines.
 */
public final class GopherRepetition implements Step.OfDocument {
    private static final String NAME = "gopher-repetition";
    private static final int SHORTEST_TOP = 2;
    private static final int LONGEST_TOP = 4;
    private static final int LONGEST_DUPLICATE = 10;

    private static final int PARAGRAPHS = 0;
    private static final int PARAGRAPH_CHARACTERS = 1;
    private static final int LINES = 2;
    private static final int LINE_CHARACTERS = 3;
    /** Where the figures of n-grams start, those of {@value #SHORTEST_TOP} words first. */
    private static final int NGRAMS = 4;

    private static final Measures MEASURES = new Measures("repetition", GopherRepetition::measure);

    private final FiltersConfig.GopherRepetition limits;

    /** @param limits largest shares that are kept */
    public GopherRepetition(FiltersConfig.GopherRepetition limits) {
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
        return Measures.drop(Rule.apply(rules(), MEASURES.measure(documents)));
    }

    private List<Rule> rules() {
        List<Rule> rules = new ArrayList<>(List.of(
                Rule.refuse(reason("empty"), col(Documents.TEXT).equalTo("")),
                Rule.atMost(reason("dup-para-frac"), Measures.at(PARAGRAPHS), limits.duplicateParagraphs()),
                Rule.atMost(
                        reason("dup-para-char-frac"),
                        Measures.at(PARAGRAPH_CHARACTERS),
                        limits.duplicateParagraphCharacters()),
                Rule.atMost(reason("dup-line-frac"), Measures.at(LINES), limits.duplicateLines()),
                Rule.atMost(
                        reason("dup-line-char-frac"), Measures.at(LINE_CHARACTERS), limits.duplicateLineCharacters())));
        for (int n = SHORTEST_TOP; n <= LONGEST_DUPLICATE; n++) {
            boolean isTop = n <= LONGEST_TOP;
            rules.add(Rule.atMost(
                    reason(isTop ? "top-" + n + "-gram" : "duplicated-" + n + "-n-grams"),
                    Measures.at(NGRAMS + n - SHORTEST_TOP),
                    isTop
                            ? limits.topNGrams().get(n - SHORTEST_TOP)
                            : limits.duplicateNGrams().get(n - LONGEST_TOP - 1)));
        }
        return List.copyOf(rules);
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static @Nullable Double[] measure(String text) {
        int characters = Lines.codePoints(text);
        List<String> paragraphs = Lines.between(Lines.trimmed(text), 2);
        Duplicates ofParagraphs = Duplicates.of(paragraphs);
        List<String> lines = Lines.between(text, 1);
        Duplicates ofLines = Duplicates.of(lines);
        @Nullable Double[] measures = new Double[NGRAMS + LONGEST_DUPLICATE - SHORTEST_TOP + 1];
        measures[PARAGRAPHS] = Measures.ratio(ofParagraphs.items(), paragraphs.size());
        measures[PARAGRAPH_CHARACTERS] = Measures.ratio(ofParagraphs.characters(), characters);
        measures[LINES] = Measures.ratio(ofLines.items(), lines.size());
        measures[LINE_CHARACTERS] = Measures.ratio(ofLines.characters(), characters);
        NGrams ngrams = new NGrams(Words.of(text));
        for (int n = SHORTEST_TOP; n <= LONGEST_DUPLICATE; n++) {
            int repeated = n <= LONGEST_TOP ? ngrams.charactersOfTop(n) : ngrams.charactersOfDuplicates(n);
            measures[NGRAMS + n - SHORTEST_TOP] = Measures.ratio(repeated, characters);
        }
        return measures;
    }
}
