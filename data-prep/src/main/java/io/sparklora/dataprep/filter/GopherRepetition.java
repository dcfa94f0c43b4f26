package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.btrim;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.get;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/**
 * Drops documents that repeat themselves: paragraphs, lines, and n-grams of words (Rae et al. 2021, arXiv:2112.11446, table
 * A1). Every figure but the shares of paragraphs and lines is a share of the text's characters (code points, white space
 * included). Two or more line feeds part paragraphs, one or more part lines.
 */
public final class GopherRepetition implements Step.OfDocument {
    private static final String NAME = "gopher-repetition";
    private static final String PARAGRAPHS = "paragraphs";
    private static final String LINES = "lines";
    private static final String DISTINCT_PARAGRAPHS = "distinct_paragraphs";
    private static final String DISTINCT_LINES = "distinct_lines";
    private static final String NGRAMS = "ngrams";
    private static final int SHORTEST_TOP = 2;
    private static final int LONGEST_TOP = 4;
    private static final int LONGEST_DUPLICATE = 10;

    // Hashing n-grams of words is no column expression: the texts leave the GPU here.
    private static final UserDefinedFunction CHARACTERS_OF_NGRAMS = udf(
                    (UDF1<String, int[]>) GopherRepetition::charactersOfNGrams,
                    DataTypes.createArrayType(DataTypes.IntegerType, false))
            .withName("characters_of_ngrams");

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
        return Stream.concat(rulesOfLines().stream(), rulesOfNGrams().stream())
                .map(Rule::reason)
                .toList();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        Dataset<Row> split = documents
                .withColumn(PARAGRAPHS, split(btrim(text, lit(Characters.SPACES)), "\n{2,}", -1))
                .withColumn(LINES, split(text, "\n+", -1))
                .withColumn(DISTINCT_PARAGRAPHS, array_distinct(col(PARAGRAPHS)))
                .withColumn(DISTINCT_LINES, array_distinct(col(LINES)));
        Dataset<Row> varied =
                Rule.apply(rulesOfLines(), split).drop(PARAGRAPHS, LINES, DISTINCT_PARAGRAPHS, DISTINCT_LINES);
        Column ngrams = when(text.isNotNull(), CHARACTERS_OF_NGRAMS.apply(text));
        return Rule.apply(rulesOfNGrams(), varied.withColumn(NGRAMS, ngrams)).drop(NGRAMS);
    }

    private List<Rule> rulesOfLines() {
        Duplicates paragraphs = new Duplicates(col(PARAGRAPHS), col(DISTINCT_PARAGRAPHS));
        Duplicates lines = new Duplicates(col(LINES), col(DISTINCT_LINES));
        return List.of(
                Rule.refuse(reason("empty"), col(Documents.TEXT).equalTo("")),
                Rule.atMost(reason("dup-para-frac"), paragraphs.share(), limits.duplicateParagraphs()),
                Rule.atMost(
                        reason("dup-para-char-frac"),
                        ofText(paragraphs.characters()),
                        limits.duplicateParagraphCharacters()),
                Rule.atMost(reason("dup-line-frac"), lines.share(), limits.duplicateLines()),
                Rule.atMost(
                        reason("dup-line-char-frac"), ofText(lines.characters()), limits.duplicateLineCharacters()));
    }

    private List<Rule> rulesOfNGrams() {
        List<Rule> rules = new ArrayList<>();
        for (int n = SHORTEST_TOP; n <= LONGEST_DUPLICATE; n++) {
            Column share = ofText(get(col(NGRAMS), lit(n - SHORTEST_TOP)));
            rules.add(
                    n <= LONGEST_TOP
                            ? Rule.atMost(
                                    reason("top-" + n + "-gram"),
                                    share,
                                    limits.topNGrams().get(n - SHORTEST_TOP))
                            : Rule.atMost(
                                    reason("duplicated-" + n + "-n-grams"),
                                    share,
                                    limits.duplicateNGrams().get(n - LONGEST_TOP - 1)));
        }
        return List.copyOf(rules);
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static Column ofText(Column characters) {
        return characters.divide(nullif(char_length(col(Documents.TEXT)), lit(0)));
    }

    /** Characters of the top 2-, 3- and 4-gram and of duplicate 5- to 10-grams. */
    private static int[] charactersOfNGrams(String text) {
        NGrams ngrams = new NGrams(Words.of(text));
        int[] characters = new int[LONGEST_DUPLICATE - SHORTEST_TOP + 1];
        for (int n = SHORTEST_TOP; n <= LONGEST_DUPLICATE; n++) {
            characters[n - SHORTEST_TOP] =
                    n <= LONGEST_TOP ? ngrams.charactersOfTop(n) : ngrams.charactersOfDuplicates(n);
        }
        return characters;
    }
}
