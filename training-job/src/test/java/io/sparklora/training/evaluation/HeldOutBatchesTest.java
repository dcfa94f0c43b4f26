package io.sparklora.training.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HeldOutBatchesTest {
    @Test
    void cutsASplitIntoRunsOfSequencesTheLastOneShorter() {
        HeldOutBatches batches = new HeldOutBatches(5, 2);

        assertThat(batches.count()).isEqualTo(3);
        assertThat(List.of(batches.sequences(0), batches.sequences(1), batches.sequences(2)))
                .containsExactly(new long[] {0, 1}, new long[] {2, 3}, new long[] {4});
    }

    @Test
    void hasNoEmptyLastBatch() {
        assertThat(new HeldOutBatches(4, 2).count()).isEqualTo(2);
        assertThat(new HeldOutBatches(1, 8).sequences(0)).containsExactly(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 20})
    void givesEveryBatchToExactlyOneTask(int tasks) {
        HeldOutBatches batches = new HeldOutBatches(14, 1);

        List<Integer> given = new ArrayList<>();
        for (int task = 0; task < tasks; task++) {
            given.addAll(batches.ofTask(task, tasks));
        }

        assertThat(given).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
    }

    @Test
    void refusesAnEmptySplit() {
        assertThatThrownBy(() -> new HeldOutBatches(0, 2))
                .hasMessage("0 sequences can't be cut into micro-batches of 2");
    }
}
