package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.nullif;
import static org.apache.spark.sql.functions.replace;
import static org.apache.spark.sql.functions.rtrim;
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

/**
 * Drops documents that don't look like prose (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1). Number and mean length
 * count the words that are more than punctuation; the other shares of words count all.
 */
public final class GopherQuality implements Step.OfDocument {
    private static final String NAME = "gopher-quality";
    private static final String FIGURES = "word_figures";
    private static final String LINES = "lines";
    private static final String DOTS = "...";
    private static final String ELLIPSIS = "\u2026";
    private static final String BULLET = "\u2022";

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
        Column text = col(Documents.TEXT);
        Dataset<Row> measured = documents
                .withColumn(
                        FIGURES,
                        when(text.isNotNull(), figures(limits.stopWords()).apply(text)))
                .withColumn(LINES, Lines.of(text));
        return Rule.apply(rules(), measured).drop(FIGURES, LINES);
    }

    private List<Rule> rules() {
        Column plainWords = figure(WordFigures.PLAIN_WORDS);
        Column meanLength = figure(WordFigures.PLAIN_CHARACTERS).divide(nullif(plainWords, lit(0)));
        Column ellipses = occurrences(DOTS).plus(occurrences(ELLIPSIS));
        return List.of(
                Rule.atLeast(reason("short-doc"), plainWords, limits.minWords()),
                Rule.atMost(reason("long-doc"), plainWords, limits.maxWords()),
                Rule.atLeast(reason("below-avg-threshold"), meanLength, limits.minMeanWordLength()),
                Rule.atMost(reason("above-avg-threshold"), meanLength, limits.maxMeanWordLength()),
                Rule.atMost(reason("too-many-hashes"), ofWords(occurrences("#")), limits.maxSymbolRatio()),
                Rule.atMost(reason("too-many-ellipsis"), ofWords(ellipses), limits.maxSymbolRatio()),
                Rule.atMost(
                        reason("too-many-bullets"),
                        Lines.share(col(LINES), GopherQuality::startsWithBullet),
                        limits.maxBulletLines()),
                Rule.atMost(
                        reason("too-many-end-ellipsis"),
                        when(ellipses.gt(0), Lines.share(col(LINES), GopherQuality::endsWithEllipsis)),
                        limits.maxEllipsisLines()),
                Rule.atLeast(
                        reason("below-alpha-threshold"),
                        ofWords(figure(WordFigures.ALPHABETIC_WORDS)),
                        limits.minAlphabeticWords()),
                Rule.atLeast(reason("enough-stop-words"), figure(WordFigures.STOP_WORDS), limits.minStopWords()));
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static Column figure(String name) {
        return col(FIGURES).getField(name);
    }

    private static Column ofWords(Column count) {
        return count.divide(nullif(figure(WordFigures.WORDS), lit(0)));
    }

    /** How often a text stands in the document, without overlaps. */
    private static Column occurrences(String what) {
        Column text = col(Documents.TEXT);
        Column others = replace(text, lit(what), lit(""));
        return when(
                        text.contains(what),
                        char_length(text).minus(char_length(others)).divide(what.length()))
                .otherwise(0);
    }

    private static Column startsWithBullet(Column line) {
        Column stripped = Lines.trimmedStart(line);
        return stripped.startsWith(BULLET).or(stripped.startsWith("-"));
    }

    private static Column endsWithEllipsis(Column line) {
        Column stripped = rtrim(line, lit(Characters.SPACES));
        return stripped.endsWith(DOTS).or(stripped.endsWith(ELLIPSIS));
    }

    // Words are found by Unicode's categories, which no column expression knows: the texts leave the GPU here.
    private static UserDefinedFunction figures(List<String> stopWords) {
        return udf(
                        (UDF1<String, Row>) text ->
                                WordFigures.of(Words.of(text), stopWords).row(),
                        WordFigures.SCHEMA)
                .withName("word_figures");
    }
}
