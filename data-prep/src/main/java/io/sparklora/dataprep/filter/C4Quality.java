package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.array_join;
import static org.apache.spark.sql.functions.btrim;
import static org.apache.spark.sql.functions.char_length;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lower;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.try_element_at;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Takes lines that are no sentences out of documents, and drops documents of which too few sentences stay, or that hold
 * filler text or code (Raffel et al. 2020, JMLR 21:140, section 2.2). The lines that stay are joined by line feeds. A
 * sentence ends at {@code .}, {@code ?} or {@code !} with any closing quotes and brackets, before white space or at the end
 * of its line.
 */
public final class C4Quality implements Step.OfDocument {
    private static final String NAME = "c4-quality";
    private static final String LINES = "lines";
    private static final String LOWER = "lower_lines";
    private static final String OFFENDER = "offending_line";
    private static final String KEPT = "kept_lines";
    private static final String JAVASCRIPT = "javascript";
    private static final String CITATION = "\\[" + Characters.DIGIT + "*\\]|\\[(edit|citation needed)\\]";
    private static final String END_OF_SENTENCE = "[.?!][\"')\\]\u2019\u201D]*" + Characters.SPACE_IN_LINE + "+";
    private static final List<String> ENDS_OF_LINE = List.of(".", "?", "!", "\"", "'");
    private static final List<String> POLICIES =
            List.of("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies");

    private final FiltersConfig.C4 rules;

    /** @param rules which lines and documents are kept */
    public C4Quality(FiltersConfig.C4 rules) {
        this.rules = rules;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isOn() {
        return rules.enabled();
    }

    @Override
    public List<DropReason> reasons() {
        return documentRules().stream().map(Rule::reason).toList();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        // Few documents name what is looked for: the others' lines are not looked at one by one.
        Dataset<Row> lines = documents
                .withColumn(LINES, sentences(text))
                .withColumn(LOWER, lower(array_join(col(LINES), "\n")))
                .withColumn(OFFENDER, when(isFiller(col(LOWER)).or(isCode(col(LOWER))), firstOffender(col(LINES))))
                .withColumn(
                        KEPT,
                        when(isUnwanted(col(LOWER)), filter(col(LINES), line -> not(isUnwanted(lower(line)))))
                                .otherwise(col(LINES)));
        Column joined = btrim(array_join(col(KEPT), "\n"), lit(Characters.SPACES));
        return Documents.withPlainText(Rule.apply(documentRules(), lines), when(text.isNotNull(), joined))
                .drop(LINES, LOWER, OFFENDER, KEPT);
    }

    private List<Rule> documentRules() {
        Column lines = array_join(transform(col(KEPT), Lines::trimmed), "\n");
        // Each line that another one follows ends a sentence; as an alternative in the expression that would be slow.
        Column sentences = when(size(col(KEPT)).equalTo(0), 0)
                .otherwise(size(split(lines, END_OF_SENTENCE, -1))
                        .plus(size(col(KEPT)))
                        .minus(1));
        return List.of(
                Rule.refuse(reason("lorem-ipsum"), isFiller(lower(col(OFFENDER)))),
                Rule.refuse(reason("curly-bracket"), col(OFFENDER).isNotNull()),
                Rule.atLeast(reason("too-few-sentences"), sentences, rules.minSentences()));
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    /** The lines that look like sentences, without citations. */
    private Column sentences(Column text) {
        Column stripped = transform(Lines.of(text), Lines::trimmed);
        Column wordy = filter(stripped, line -> line.rlike(enoughWords()).and(not(hasTooLongWord(line))));
        Column plain = rules.removeCitations() ? transform(wordy, C4Quality::withoutCitations) : wordy;
        return rules.endPunctuation() ? filter(plain, C4Quality::endsSentence) : plain;
    }

    private static Column withoutCitations(Column line) {
        return when(line.contains("["), regexp_replace(line, CITATION, "")).otherwise(line);
    }

    private String enoughWords() {
        String word = Characters.VISIBLE + "+" + Characters.SPACE + "+";
        // Spelled out: the GPU does not repeat groups that repeat something.
        return "^" + word.repeat(Math.max(0, rules.minLineWords() - 1))
                + (rules.minLineWords() > 0 ? Characters.VISIBLE : "");
    }

    private Column hasTooLongWord(Column line) {
        int most = rules.maxWordCharacters();
        return char_length(line).gt(most).and(line.rlike(Characters.VISIBLE + "{" + (most + 1) + "}"));
    }

    private static Column endsSentence(Column line) {
        return any(ENDS_OF_LINE.stream().map(line::endsWith)).and(not(line.endsWith("...")));
    }

    private Column firstOffender(Column lines) {
        return try_element_at(filter(lines, line -> isOffending(lower(line))), lit(1));
    }

    /** A line, in lower case, for which its document is dropped: one that is looked at, and so none about scripts. */
    private Column isOffending(Column line) {
        Column isScript = rules.dropJavascriptLines() ? line.contains(JAVASCRIPT) : lit(false);
        return isFiller(line).or(not(isScript).and(isCode(line)));
    }

    private Column isCode(Column line) {
        return rules.refuseCurlyBrackets() ? line.contains("{") : lit(false);
    }

    private Column isFiller(Column line) {
        return rules.refuseLoremIpsum() ? line.contains("lorem ipsum") : lit(false);
    }

    /** A line, in lower case, about scripts or policies. */
    private Column isUnwanted(Column line) {
        Stream<String> scripts = rules.dropJavascriptLines() ? Stream.of(JAVASCRIPT) : Stream.empty();
        Stream<String> policies = rules.dropPolicyLines() ? POLICIES.stream() : Stream.empty();
        return any(Stream.concat(scripts, policies).map(line::contains));
    }

    private static Column any(Stream<Column> conditions) {
        return conditions.reduce(Column::or).orElse(lit(false));
    }
}
