package io.sparklora.dataprep.split;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.pipeline.config.PrepareConfig;
import io.sparklora.pipeline.dataset.Split;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class AssignSplitTest {
    private static final StructType SCHEMA =
            StructType.fromDDL("document_id string, text string, `group` string, cluster bigint, timestamp timestamp,"
                    + " dropped struct<step: string, reason: string, measured: double, threshold: double,"
                    + " survivor_id: string, found: string>");
    private static final PrepareConfig.Split HALVES = new PrepareConfig.Split(0.5, 0, "", "");
    private static final PrepareConfig.Split BY_TIME =
            new PrepareConfig.Split(0.05, 0, "2025-01-01", "2025-02-01T00:00:00Z");
    private static final List<String> GROUPS = List.of(Documents.GROUP);
    private static final List<String> BOTH = List.of(Documents.GROUP, Documents.CLUSTER);

    private final ScratchTables scratch = SharedSpark.scratch();

    @AfterEach
    void forget() {
        scratch.close();
    }

    @Test
    void holdsOutTheShareThatIsAskedForAndKeepsEveryDocumentInItsSplit() {
        PrepareConfig.Split shares = new PrepareConfig.Split(0.2, 0.1, "", "");
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            rows.add(row("d" + i, null, null, null));
        }

        Map<String, Split> before = splits(new AssignSplit(shares, 17, List.of(), scratch), rows.subList(0, 1500));
        Map<String, Split> after = splits(new AssignSplit(shares, 17, List.of(), scratch), rows);

        assertThat(after).containsAllEntriesOf(before);
        assertThat(after.values().stream().filter(Split.VALIDATION::equals).count())
                .isBetween(330L, 470L);
        assertThat(after.values().stream().filter(Split.TEST::equals).count()).isBetween(140L, 260L);
        assertThat(splits(new AssignSplit(shares, 18, List.of(), scratch), rows))
                .isNotEqualTo(after);
    }

    @Test
    void keepsGroupsWholeAndInTheirSplitWhenTheyGrow() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            rows.add(row("d" + i, "customer" + i % 30, null, null));
        }
        AssignSplit byGroup = new AssignSplit(HALVES, 17, GROUPS, scratch);

        Map<String, Split> before = splits(byGroup, rows.subList(0, 200));
        Map<String, Split> after = splits(byGroup, rows);

        assertThat(after).containsAllEntriesOf(before);
        assertThat(after.values()).contains(Split.TRAIN, Split.VALIDATION);
        for (int i = 30; i < 300; i++) {
            assertThat(after.get("d" + i)).isEqualTo(after.get("d" + i % 30));
        }
        assertThat(AssignSplit.straddling(byGroup.apply(documents(rows)))).isZero();
    }

    @Test
    void countsGroupsAndClustersOnBothSidesOfTheSplit() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            rows.add(row("d" + i, i < 50 ? "one" : null, i < 50 ? null : 1L, null));
        }

        assertThat(AssignSplit.straddling(new AssignSplit(HALVES, 17, List.of(), scratch).apply(documents(rows))))
                .isEqualTo(2);
        assertThat(AssignSplit.straddling(new AssignSplit(HALVES, 17, GROUPS, scratch).apply(documents(rows))))
                .isEqualTo(1);
        assertThat(AssignSplit.straddling(new AssignSplit(HALVES, 17, BOTH, scratch).apply(documents(rows))))
                .isZero();
    }

    @Test
    void holdsGroupsTogetherThatAChainOfClustersConnects() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            rows.add(row("left" + i, "g" + i, (long) i, null));
            rows.add(row("right" + i, "g" + (i + 1), (long) i, null));
            rows.add(row("alone" + i, null, 1000L + i, null));
        }

        Dataset<Row> assigned = new AssignSplit(HALVES, 17, BOTH, scratch).apply(documents(rows));

        assertThat(AssignSplit.straddling(assigned)).isZero();
        assertThat(assigned.where("cluster < 1000").select("split").distinct().count())
                .isEqualTo(1);
        assertThat(assigned.where("cluster >= 1000").select("split").distinct().count())
                .isEqualTo(2);
    }

    @Test
    void splitsByTheLatestDocumentOfAGroupAndDropsThoseWithoutATime() {
        AssignSplit byTime = new AssignSplit(BY_TIME, 17, GROUPS, scratch);
        List<Row> rows = List.of(
                row("old", null, null, "2024-12-31T23:59:59Z"),
                row("new", null, null, "2025-01-01T00:00:00Z"),
                row("newest", null, null, "2025-02-01T00:00:00Z"),
                row("old of customer", "customer", null, "2020-01-01T00:00:00Z"),
                row("new of customer", "customer", null, "2025-01-15T00:00:00Z"),
                row("unknown", "customer", null, null));

        assertThat(splits(byTime, rows))
                .isEqualTo(Map.of(
                        "old", Split.TRAIN,
                        "new", Split.VALIDATION,
                        "newest", Split.TEST,
                        "old of customer", Split.VALIDATION,
                        "new of customer", Split.VALIDATION));
        assertThat(byTime.apply(documents(rows)).where("dropped is not null").collectAsList())
                .extracting(row -> row.getAs(Documents.ID) + " " + row.getAs(Documents.DROPPED))
                .containsExactly("unknown [split,no-timestamp,null,null,null,null]");
        assertThat(byTime.reasons()).containsExactly(new DropReason("split", "no-timestamp"));
    }

    private static Map<String, Split> splits(AssignSplit step, List<Row> rows) {
        Map<String, Split> splits = new TreeMap<>();
        for (Row row : step.apply(documents(rows)).where("dropped is null").collectAsList()) {
            splits.put(
                    row.getAs(Documents.ID),
                    Split.values()[Objects.requireNonNull(row.<Integer>getAs(Documents.SPLIT))]);
        }
        return splits;
    }

    private static Dataset<Row> documents(List<Row> rows) {
        return SharedSpark.session().createDataFrame(rows, SCHEMA);
    }

    private static Row row(String id, String group, Long cluster, String time) {
        Timestamp timestamp = time == null ? null : Timestamp.from(Instant.parse(time));
        return RowFactory.create(id, "text of " + id, group, cluster, timestamp, null);
    }
}
