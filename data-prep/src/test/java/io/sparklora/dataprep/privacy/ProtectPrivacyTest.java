package io.sparklora.dataprep.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.config.PrivacyConfig;
import io.sparklora.pipeline.config.PrivacyConfig.Kind;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ProtectPrivacyTest {
    private static final StructType SCHEMA = StructType.fromDDL(
            "source int not null, file string, row bigint, document_id string, licence string, text string,"
                    + " findings array<bigint>, dropped struct<step: string, reason: string, measured: double,"
                    + " threshold: double, survivor_id: string, found: string>");
    private static final PrivacyConfig CONFIG =
            new PrivacyConfig(List.of(Kind.EMAIL, Kind.IP_ADDRESS), List.of(Kind.SSN), List.of("US"));

    @Test
    void replacesOrDropsByKindAndCountsBoth() {
        Dataset<Row> documents = protect(
                row("a", "", "mail a@example.com, b@example.com"),
                row("b", "", "nothing here"),
                row("c", "", "number 536-90-4399 of c@example.com"),
                row("d", "", null));

        assertThat(lines(documents))
                .containsExactly(
                        "a||mail <EMAIL>, <EMAIL>|null",
                        "b||nothing here|null",
                        "c||null|[privacy,ssn,1.0,0.0,null,null]",
                        "d||null|null");
        assertThat(Findings.of(documents, CONFIG))
                .containsExactly(
                        new PrivacyFigures("email", "replace", 2, 3),
                        new PrivacyFigures("ssn", "drop", 1, 1),
                        new PrivacyFigures("ip-address", "replace", 0, 0));
    }

    @Test
    void leavesTheKindsThatNobodyNamed() {
        assertThat(lines(protect(row("a", "", "card 4111 1111 1111 1111"))))
                .containsExactly("a||card 4111 1111 1111 1111|null");
    }

    @Test
    void looksThroughIdsAndLicencesToo() {
        assertThat(lines(protect(
                        row("jane@example.com", "by jane@example.com", "text"), row("203.0.113.7", "MIT", "text"))))
                .containsExactly("f.csv#1|by <EMAIL>|text|null", "f.csv#2|MIT|text|null");
    }

    @Test
    void looksThroughAllThatASampleHoldsBesidesWhatWasSaid() {
        StructType schema = SCHEMA.add(Documents.SAMPLE, "string");
        Dataset<Row> documents = SharedSpark.session()
                .createDataFrame(
                        List.of(
                                sample(1, "hi", """
                                        {"messages": [{"role": "user", "content": "", "name": "jane@example.com"},
                                        {"role": "assistant", "content": "", "tool_calls": [{"id": "b@example.com",
                                        "function": {"name": "mail", "arguments": {"id": "203.0.113.7", "c@example.com": 1}}}]}],
                                        "tools": [{"name": "mail", "description": "mails d@example.com"}]}"""),
                                sample(
                                        2,
                                        "mail e@example.com",
                                        "{\"messages\": [{\"role\": \"user\", \"content\": \"\"}]}"),
                                sample(3, "hi", "{\"messages\": [{\"role\": \"user\", \"name\": \"536-90-4399\"}]}"),
                                sample(4, "plain text", null)),
                        schema);

        Dataset<Row> searched = new ProtectPrivacy(CONFIG).apply(documents);

        assertThat(searched.orderBy(Documents.ROW).collectAsList())
                .extracting(row -> row.getAs(Documents.TEXT) + "|" + row.getAs(Documents.SAMPLE))
                .containsExactly(
                        "hi|{\"messages\":[{\"role\":\"user\",\"content\":\"\",\"name\":\"<EMAIL>\"},"
                                + "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"<EMAIL>\","
                                + "\"function\":{\"name\":\"mail\",\"arguments\":{\"id\":\"<IP_ADDRESS>\",\"<EMAIL>\":1}}}]}],"
                                + "\"tools\":[{\"name\":\"mail\",\"description\":\"mails <EMAIL>\"}]}",
                        "mail <EMAIL>|{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
                        "null|{\"messages\":[{\"role\":\"user\",\"name\":\"<SSN>\"}]}",
                        "plain text|null");
        assertThat(Findings.of(searched, CONFIG))
                .containsExactly(
                        new PrivacyFigures("email", "replace", 2, 5),
                        new PrivacyFigures("ssn", "drop", 1, 1),
                        new PrivacyFigures("ip-address", "replace", 1, 1));
    }

    private static Row sample(long row, String text, @Nullable String structure) {
        return RowFactory.create(0, "f.jsonl", row, "id" + row, "", text, null, null, structure);
    }

    @Test
    void namesTheReasonsOfTheKindsThatDrop() {
        assertThat(new ProtectPrivacy(CONFIG).reasons())
                .extracting(reason -> reason.step() + " " + reason.word())
                .containsExactly("privacy ssn");
        assertThat(new ProtectPrivacy(new PrivacyConfig(List.of(), List.of(), List.of())).isOn())
                .isFalse();
    }

    private record Given(String id, String licence, String text) {}

    private static Given row(String id, String licence, String text) {
        return new Given(id, licence, text);
    }

    private static Dataset<Row> protect(Given... documents) {
        List<Row> rows = new ArrayList<>();
        for (Given document : documents) {
            rows.add(RowFactory.create(
                    0, "f.csv", rows.size() + 1L, document.id(), document.licence(), document.text(), null, null));
        }
        return new ProtectPrivacy(CONFIG).apply(SharedSpark.session().createDataFrame(rows, SCHEMA));
    }

    private static List<String> lines(Dataset<Row> documents) {
        return documents.orderBy(Documents.ROW).collectAsList().stream()
                .map(row -> row.getAs(Documents.ID) + "|" + row.getAs(Documents.LICENCE) + "|"
                        + row.getAs(Documents.TEXT) + "|" + row.getAs(Documents.DROPPED))
                .toList();
    }
}
