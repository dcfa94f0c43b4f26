package io.sparklora.dataprep.duplicate;

import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.dataprep.step.ValueStore;
import io.sparklora.pipeline.config.PrepareConfig.Deduplicate;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates;
import io.sparklora.pipeline.config.PrepareConfig.NearDuplicates.Keep;
import io.sparklora.pipeline.dataset.DatasetStatistics.NearDuplicateFigures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DropNearDuplicatesTest {
    private static final StructType SCHEMA = StructType.fromDDL(
            "source int not null, file string, row bigint, document_id string, licence string, text string,"
                    + " dropped struct<step: string, reason: string, measured: double, threshold: double,"
                    + " survivor_id: string, found: string>");
    private static final NearDuplicates DEFAULTS = new NearDuplicates(5, 14, 8, 0.75, Keep.SURVIVOR, 0);

    private final Random random = new Random(11);
    private final ScratchTables scratch = SharedSpark.scratch();
    private final ValueStore store = SharedSpark.store(scratch);
    private final List<NearDuplicateFigures> measured = new ArrayList<>();

    @AfterEach
    void forget() {
        scratch.close();
    }

    @Test
    void findsAtLeast97OfAHundredPlantedDuplicatesOfSimilarityNineTenths() {
        int planted = 400;
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < planted; i++) {
            String text = Texts.random(random, 250);
            rows.add(row(0, "original" + i, text));
            rows.add(row(1, "copy" + i, Texts.similar(random, text, 5, 0.9)));
            rows.add(row(2, "other" + i, Texts.similar(random, text, 5, 0.4)));
        }

        Map<String, String> survivors = survivors(apply(rows, DEFAULTS, 3));

        long found = 0;
        for (int i = 0; i < planted; i++) {
            boolean isFound = survivors.get("copy" + i).startsWith("original" + i + " ")
                    || survivors.get("original" + i).startsWith("copy" + i + " ");
            found += isFound ? 1 : 0;
        }
        assertThat(found / (double) planted).isGreaterThanOrEqualTo(0.97);
        assertThat(survivors).extractingByKeys("other1", "other2", "other3").containsOnly("kept");
    }

    @Test
    void agreesWithBruteForceOnPairsOfEverySimilarity() {
        List<Row> rows = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String text = Texts.random(random, 200);
            for (double least : new double[] {0.95, 0.85, 0.8, 0.7, 0.6, 0.5}) {
                rows.add(row(0, String.valueOf(rows.size()), text));
                rows.add(row(0, String.valueOf(rows.size()), Texts.similar(random, text, 5, least)));
                text = Texts.random(random, 200);
            }
        }
        rows.forEach(row -> texts.add(row.getString(5)));

        NearDuplicates compareAll = new NearDuplicates(5, 14, 8, 0.75, Keep.SURVIVOR, 10_000);
        PairQuality quality = PairQuality.of(texts, clusters(apply(rows, compareAll, 2)), DEFAULTS);

        System.out.println(quality);
        assertThat(quality.similar()).isEqualTo(180);
        assertThat(measured)
                .containsExactly(new NearDuplicateFigures(
                        texts.size(), 0.75, quality.similar(), quality.found(), quality.both()));
        assertThat(quality.recall()).isGreaterThan(0.9);
        assertThat(quality.precision()).isGreaterThan(0.85);
    }

    @Test
    void measuresHowWellDuplicatesAreFoundByComparingSomeDocumentsWithEveryOther() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            String text = Texts.random(random, 100);
            rows.add(row(0, "a" + i, text));
            rows.add(row(0, "b" + i, text + " more"));
        }

        apply(rows, new NearDuplicates(5, 14, 8, 0.75, Keep.SURVIVOR, 30), 3);

        NearDuplicateFigures few = measured.get(0);
        assertThat(few.documents()).isEqualTo(30);
        assertThat(few.similar()).isBetween(15L, 30L);
        assertThat(few.found()).isEqualTo(few.similar()).isEqualTo(few.similarFound());

        apply(rows, new NearDuplicates(5, 14, 8, 0, Keep.SURVIVOR, 100), 1);

        assertThat(measured.get(1).similarity()).isBetween(0.68, 0.69);
        assertThat(measured.get(1).similar()).isEqualTo(50);
        assertThat(measured.get(1).recall()).hasValue(1);
        assertThat(new NearDuplicateFigures(1, 0.75, 4, 8, 2).precision()).hasValue(0.25);
        assertThat(new NearDuplicateFigures(1, 0.75, 0, 0, 0).recall()).isEmpty();
    }

    @Test
    void keepsTheLongestThenTheLowestIdOfEquallyHeavySourcesAndMeasuresTheOthers() {
        String text = Texts.random(random, 300);
        String other = Texts.random(random, 300);
        List<Row> rows = List.of(
                row(0, "a", text + "?"),
                row(0, "b", text + "!"),
                row(1, "longest", text + " " + Texts.random(random, 25)),
                row(1, "x", other + "!"),
                row(0, "y", other + "?"),
                row(0, "z", other),
                row(0, "unlike", Texts.random(random, 300)));

        List<Row> judged = apply(rows, DEFAULTS, 2).orderBy("document_id").collectAsList();

        String nearLongest = " \\[deduplicate,near-duplicate,0\\.[89]\\d+,0\\.75,longest,null]";
        assertThat(judged)
                .extracting(row -> row.<String>getAs(Documents.ID) + " "
                        + (row.getAs(Documents.DROPPED) == null
                                ? "kept"
                                : row.getAs(Documents.DROPPED).toString()))
                .satisfiesExactly(
                        a -> assertThat(a).matches("a" + nearLongest),
                        b -> assertThat(b).matches("b" + nearLongest),
                        longest -> assertThat(longest).isEqualTo("longest kept"),
                        unlike -> assertThat(unlike).isEqualTo("unlike kept"),
                        x -> assertThat(x).isEqualTo("x kept"),
                        y -> assertThat(y).isEqualTo("y [deduplicate,near-duplicate,1.0,0.75,x,null]"),
                        z -> assertThat(z).isEqualTo("z [deduplicate,near-duplicate,1.0,0.75,x,null]"));
        assertThat(judged)
                .filteredOn(row -> row.getAs(Documents.DROPPED) != null)
                .allSatisfy(row -> assertThat(row.<String>getAs(Documents.TEXT)).isNull());
    }

    @Test
    void keepsAllOfAClusterButNamesIt() {
        String text = Texts.random(random, 300);
        List<Row> rows = List.of(row(0, "a", text), row(0, "b", text + "!"), row(0, "c", Texts.random(random, 300)));
        NearDuplicates keepAll = new NearDuplicates(5, 14, 8, 0.75, Keep.ALL, 0);

        List<Row> judged = apply(rows, keepAll, 2).orderBy("document_id").collectAsList();

        assertThat(judged)
                .allSatisfy(row -> assertThat(row.<Row>getAs(Documents.DROPPED)).isNull());
        assertThat(judged.get(0).<Long>getAs(Documents.CLUSTER))
                .isNotNull()
                .isEqualTo(judged.get(1).<Long>getAs(Documents.CLUSTER));
        assertThat(judged.get(2).<Long>getAs(Documents.CLUSTER)).isNull();
        assertThat(step(keepAll).reasons()).isEmpty();
        assertThat(step(DEFAULTS).reasons()).containsExactly(new DropReason("deduplicate", "near-duplicate"));
    }

    @Test
    void choosesTheSameForAnyPartitioningAndOrder() throws Exception {
        List<Row> rows = new ArrayList<>();
        String template = Texts.random(random, 120);
        for (int i = 0; i < 150; i++) {
            rows.add(row(0, "d" + i, Texts.edited(random, template, 1 + i % 9)));
        }
        Map<String, String> once = survivors(apply(rows, DEFAULTS, 1));
        java.util.Collections.reverse(rows);

        assertThat(once.values()).contains("kept").anyMatch(verdict -> !verdict.equals("kept"));
        for (int partitions : new int[] {1, 3, 8}) {
            Map<String, String> settings = Map.of(
                    "spark.sql.adaptive.enabled",
                    String.valueOf(partitions != 3),
                    "spark.sql.shuffle.partitions",
                    String.valueOf(partitions));
            assertThat(SharedSpark.with(settings, () -> survivors(apply(rows, DEFAULTS, partitions))))
                    .isEqualTo(once);
        }
    }

    @Test
    void pairsEachMemberOfAHugeBucketWithTwoOthersAtMost() {
        int members = 5_000;
        String shared = Texts.random(random, 400);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            rows.add(row(0, "d" + i, shared + " unlike" + i));
        }
        Dataset<Row> documents =
                SharedSpark.session().createDataFrame(rows, SCHEMA).withColumn(Documents.WEIGHT, lit(1.0));
        Signatures minHash = new Signatures(DEFAULTS);
        Dataset<Row> signatures = minHash.of(documents, store);

        assertThat(minHash.pairs(signatures).count()).isBetween((long) members - 1, 2L * DEFAULTS.bands() * members);
        assertThat(survivors(apply(rows, DEFAULTS, 4)).values().stream().filter("kept"::equals))
                .hasSize(1);
    }

    @Test
    void leavesDroppedDocumentsAndThoseWithoutWordsAsTheyAre() {
        Row dropped = RowFactory.create(0, "f", 1L, "x", "", null, RowFactory.create("s", "r", null, null, null, null));
        List<Row> rows = List.of(dropped, dropped, row(0, "a", "--"), row(0, "b", "++"));

        List<Row> judged = apply(rows, DEFAULTS, 1).orderBy("document_id").collectAsList();

        assertThat(judged)
                .extracting(row -> String.valueOf(row.<Row>getAs(Documents.DROPPED)))
                .containsExactly("null", "null", "[s,r,null,null,null,null]", "[s,r,null,null,null,null]");
    }

    private DropNearDuplicates step(NearDuplicates settings) {
        return new DropNearDuplicates(Deduplicate.NEAR, settings, scratch, store, measured::add);
    }

    private Dataset<Row> apply(List<Row> rows, NearDuplicates settings, int partitions) {
        return SharedSpark.compiled(() -> step(settings)
                .apply(SharedSpark.session()
                        .createDataFrame(rows, SCHEMA)
                        .withColumn(Documents.WEIGHT, lit(1.0))
                        .repartition(partitions)));
    }

    private static Map<String, String> survivors(Dataset<Row> judged) {
        Map<String, String> survivors = new TreeMap<>();
        for (Row row : judged.collectAsList()) {
            Row dropped = row.getAs(Documents.DROPPED);
            survivors.put(
                    row.getAs(Documents.ID),
                    dropped == null ? "kept" : dropped.getString(4) + " " + dropped.getDouble(2));
        }
        return survivors;
    }

    private static Map<Integer, Long> clusters(Dataset<Row> judged) {
        Map<Integer, Long> clusters = new TreeMap<>();
        for (Row row : judged.collectAsList()) {
            Long cluster = row.getAs(Documents.CLUSTER);
            if (cluster != null) {
                clusters.put(Integer.valueOf(row.getAs(Documents.ID)), cluster);
            }
        }
        return clusters;
    }

    private static Row row(int source, String id, String text) {
        return RowFactory.create(source, "file", 1L, id, "", text, null);
    }
}
