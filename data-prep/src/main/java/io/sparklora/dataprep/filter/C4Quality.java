package io.sparklora.dataprep.filter;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.Step;
import io.sparklora.dataprep.step.TextChange;
import io.sparklora.pipeline.config.FiltersConfig;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;

/**
 * Takes lines that are no sentences out of documents, and drops documents of which too few sentences stay, or that hold
 * filler text or code (Raffel et al. 2020, JMLR 21:140, section 2.2). The lines that stay are joined by line feeds. A
 * sentence ends at {@code .}, {@code ?} or {@code !} with any closing quotes and brackets, before white space or at the end
 * of its line.
 */
public final class C4Quality implements Step.OfDocument {
    private static final String NAME = "c4-quality";
    private static final TextChange REMOVED_LINES = new TextChange(NAME, "removed-lines");
    private static final String LINES = "sentence_lines";

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
    public List<TextChange> changes() {
        return List.of(REMOVED_LINES);
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        Column text = col(Documents.TEXT);
        Dataset<Row> lines = documents.withColumn(
                LINES, when(text.isNotNull(), sentenceLines().apply(text)));
        Column kept = when(text.isNotNull(), ofLines(SentenceLines.TEXT));
        Column isShortened = text.isNotNull().and(not(Documents.isSample(documents)));
        Dataset<Row> judged = REMOVED_LINES.count(
                Rule.apply(documentRules(), lines), when(isShortened, ofLines(SentenceLines.REMOVED)));
        return Documents.withPlainText(judged, kept).drop(LINES);
    }

    private List<Rule> documentRules() {
        Column offence = ofLines(SentenceLines.OFFENCE);
        return List.of(
                Rule.refuse(reason("lorem-ipsum"), offence.equalTo(SentenceLines.FILLER)),
                Rule.refuse(reason("curly-bracket"), offence.equalTo(SentenceLines.CODE)),
                Rule.atLeast(reason("too-few-sentences"), ofLines(SentenceLines.SENTENCES), rules.minSentences()));
    }

    private static DropReason reason(String word) {
        return new DropReason(NAME, word);
    }

    private static Column ofLines(String field) {
        return col(LINES).getField(field);
    }

    // Expressions over arrays of lines are interpreted line by line: the texts leave the GPU here, as in Measures.
    private UserDefinedFunction sentenceLines() {
        SentenceLines lines = new SentenceLines(rules);
        return udf((UDF1<String, Row>) lines::of, SentenceLines.SCHEMA).withName("sentence_lines");
    }
}
