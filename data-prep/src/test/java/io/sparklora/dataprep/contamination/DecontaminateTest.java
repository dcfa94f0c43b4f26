package io.sparklora.dataprep.contamination;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.CorpusDirectory;
import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.config.SourceConfig.Format;
import io.sparklora.pipeline.config.SourceConfig.TextUnit;
import io.sparklora.pipeline.dataset.Split;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DecontaminateTest {
    private static final StructType SCHEMA = StructType.fromDDL(
            "document_id string, text string, split int, dropped struct<step: string, reason: string,"
                    + " measured: double, threshold: double, survivor_id: string, found: string>");
    private static final SourceConfig SET = CorpusDirectory.source(
            Format.JSON_LINES, "questions.jsonl", "", List.of("text"), List.of(), "", "", TextUnit.FILE);

    private final ScratchTables scratch = SharedSpark.scratch();

    @AfterEach
    void forget() {
        scratch.close();
    }

    @Test
    void dropsTrainingDocumentsThatShareAnNGramWithAnEvaluationSet() {
        Dataset<Row> documents = documents(
                row("quotes", "so it says: What is the CAPITAL of France? and goes on", Split.TRAIN),
                row("twice", "what is the capital of france what is the capital", Split.TRAIN),
                row("nearly", "what is the capital in france", Split.TRAIN),
                row("held out", "what is the capital of france", Split.VALIDATION));

        assertThat(verdicts(new PrepareConfig.Decontaminate(5, 1, false, List.of(SET)), documents))
                .containsExactly(
                        "held out null",
                        "nearly null",
                        "quotes [decontaminate,evaluation-overlap,2.0,1.0,null,null]",
                        "twice [decontaminate,evaluation-overlap,2.0,1.0,null,null]");
        assertThat(verdicts(new PrepareConfig.Decontaminate(5, 3, false, List.of(SET)), documents))
                .allMatch(verdict -> verdict.endsWith(" null"));
    }

    @Test
    void dropsTrainingDocumentsThatShareTextWithTheValidationAndTestSplit() {
        Dataset<Row> documents = documents(
                row("of validation", "one two three four five", Split.TRAIN),
                row("of test", "six seven eight nine ten", Split.TRAIN),
                row("of both", "what is the capital of france one two three", Split.TRAIN),
                row("of train", "eleven twelve thirteen", Split.TRAIN),
                row("train", "eleven twelve thirteen fourteen", Split.TRAIN),
                row("validation", "zero one two three", Split.VALIDATION),
                row("test", "eight nine ten", Split.TEST));

        assertThat(verdicts(new PrepareConfig.Decontaminate(3, 1, true, List.of(SET)), documents))
                .containsExactly(
                        "of both [decontaminate,evaluation-overlap,4.0,1.0,null,null]",
                        "of test [decontaminate,held-out-overlap,1.0,1.0,null,null]",
                        "of train null",
                        "of validation [decontaminate,held-out-overlap,1.0,1.0,null,null]",
                        "test null",
                        "train null",
                        "validation null");
    }

    @Test
    void looksAtNothingUnlessItIsAskedTo() {
        Dataset<Row> documents = documents(row("a", "one two", Split.TRAIN));
        Decontaminate off = new Decontaminate(
                new PrepareConfig.Decontaminate(13, 1, false, List.of()),
                () -> {
                    throw new AssertionError("no evaluation set is configured");
                },
                scratch);

        assertThat(off.apply(documents)).isSameAs(documents);
        assertThat(off.reasons()).isEmpty();
        assertThat(step(new PrepareConfig.Decontaminate(13, 1, true, List.of(SET)))
                        .reasons())
                .containsExactly(
                        new DropReason("decontaminate", "evaluation-overlap"),
                        new DropReason("decontaminate", "held-out-overlap"));
    }

    private List<String> verdicts(PrepareConfig.Decontaminate settings, Dataset<Row> documents) {
        return step(settings).apply(documents).orderBy(Documents.ID).collectAsList().stream()
                .map(row -> row.<String>getAs(Documents.ID) + " " + row.<Row>getAs(Documents.DROPPED))
                .toList();
    }

    private Decontaminate step(PrepareConfig.Decontaminate settings) {
        Dataset<Row> questions =
                documents(row("q1", "What is the capital of France?", Split.TRAIN), row("q2", "Why?", Split.TRAIN));
        return new Decontaminate(settings, () -> questions, scratch);
    }

    private static Dataset<Row> documents(Row... rows) {
        return SharedSpark.session().createDataFrame(List.of(rows), SCHEMA);
    }

    private static Row row(String id, String text, Split split) {
        return RowFactory.create(id, text, split.ordinal(), null);
    }
}
