package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.replace;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/**
 * Drops documents whose lines are no sentences: lists, menus, tables (Penedo et al. 2024, arXiv:2406.17557, section 3.6).
 * Lines end at line feeds alone; blank ones do not count.
 */
public final class FineWebQuality implements Step.OfDocument {
    private static final String NAME = "fineweb-quality";
    private static final String LINES = "lines";
    private static final String DISTINCT_LINES = "distinct_lines";
    private static final String WORDS = "words";

    // Words are found by Unicode's categories, which no column expression knows: the texts leave the GPU here.
    private static final UserDefinedFunction COUNT_WORDS = udf(
                    (UDF1<String, Integer>) text -> Words.of(text).count(), DataTypes.IntegerType)
            .withName("count_words");

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
        Column text = col(Documents.TEXT);
        Column lines =
                filter(split(text, "\n", -1), line -> Lines.trimmedStart(line).notEqual(""));
        Dataset<Row> measured = documents
                .withColumn(LINES, lines)
                .withColumn(DISTINCT_LINES, array_distinct(col(LINES)))
                .withColumn(WORDS, when(text.isNotNull(), COUNT_WORDS.apply(text)));
        return Rule.apply(rules(), measured).drop(LINES, DISTINCT_LINES, WORDS);
    }

    private List<Rule> rules() {
        Column lines = col(LINES);
        Column characters = char_length(col(Documents.TEXT));
        Column visible = char_length(replace(col(Documents.TEXT), lit("\n"), lit("")));
        return List.of(
                Rule.refuse(reason("empty"), size(lines).equalTo(0)),
                Rule.atLeast(
                        reason("line-punct-ratio"),
                        Lines.share(lines, FineWebQuality::endsSentence),
                        limits.minLinePunctuation()),
                Rule.atMost(
                        reason("short-line-ratio"),
                        Lines.share(lines, line -> char_length(line).leq(limits.shortLineCharacters())),
                        limits.maxShortLines()),
                Rule.atMost(
                        reason("char-dup-ratio"),
                        new Duplicates(lines, col(DISTINCT_LINES)).characters().divide(nullif(visible, lit(0))),
                        limits.maxDuplicateCharacters()),
                Rule.atMost(
                        reason("list-ratio"),
                        characters.minus(visible).divide(nullif(col(WORDS), lit(0))),
                        limits.maxListRatio()));
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static Column endsSentence(Column line) {
        return substring(line, -1, 1).isin(Punctuation.sentenceEnds());
    }
}
