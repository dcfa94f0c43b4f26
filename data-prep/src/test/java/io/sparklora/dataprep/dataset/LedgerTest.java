package io.sparklora.dataprep.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.DropReason;
import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;

/** The funnel balances on every run, or the run fails. */
final class LedgerTest {
    private static final DropReason SHORT = new DropReason("length", "too-short");
    private static final DropReason LONG = new DropReason("length", "too-long");

    /** Five documents, of which two are too short. */
    private final Dataset<Row> documents = SharedSpark.session()
            .range(5)
            .selectExpr(
                    "if(id < 2, null, 'four') text",
                    "if(id < 2, named_struct('step', 'length', 'reason', 'too-short'), null) dropped");

    @Test
    void countsWhatWasKeptAndDropped() {
        Ledger ledger = Ledger.of(documents, 5, List.of(SHORT, LONG), List.of());

        assertThat(ledger.funnel())
                .isEqualTo(new Funnel(
                        5, 3, List.of(new Dropped("length", "too-short", 2), new Dropped("length", "too-long", 0))));
        assertThat(ledger.characters()).isEqualTo(12);
    }

    @Test
    void refusesDocumentsThatWereLostOrDoubledOnTheWay() {
        assertThatThrownBy(() -> Ledger.of(documents, 6, List.of(SHORT), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the funnel does not balance: 6 read, 3 kept, 2 dropped");
        assertThatThrownBy(() ->
                        Ledger.of(documents.union(documents.where("text = 'four'")), 5, List.of(SHORT), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the funnel does not balance: 5 read, 6 kept, 2 dropped");
    }

    @Test
    void refusesAReasonThatNoStepNames() {
        assertThatThrownBy(() -> Ledger.of(documents, 5, List.of(LONG), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the funnel does not balance: 5 read, 3 kept, 0 dropped");
    }
}
