package io.sparklora.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.config.TrainConfig.Order;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchPlanTest {
    @Test
    void visitsEverySequenceOnceAnEpochForAnyNumberOfSequences() {
        for (int sequences = 1; sequences < 700; sequences++) {
            SequenceOrder order = new SequenceOrder(sequences, 17, 3);
            long[] visited =
                    LongStream.range(0, sequences).map(order::at).sorted().toArray();
            assertThat(visited).containsExactly(LongStream.range(0, sequences).toArray());
        }
    }

    @Test
    void givesEachSeedAndEpochItsOwnOrder() {
        Set<List<Long>> orders = new HashSet<>();
        for (long seed = 0; seed < 10; seed++) {
            for (long epoch = 0; epoch < 10; epoch++) {
                SequenceOrder order = new SequenceOrder(100, seed, epoch);
                orders.add(LongStream.range(0, 100).map(order::at).boxed().toList());
            }
        }
        assertThat(orders).hasSize(100);
    }

    @Test
    void spreadsEachPositionEvenlyOverTheSequences() {
        int[][] counts = new int[10][10];
        for (long seed = 0; seed < 10_000; seed++) {
            SequenceOrder order = new SequenceOrder(10, seed, 0);
            for (int position = 0; position < 10; position++) {
                counts[position][(int) order.at(position)]++;
            }
        }
        // 1000 expected in each cell with a standard deviation of 30: five of them either side.
        assertThat(Arrays.stream(counts).flatMapToInt(Arrays::stream).boxed().toList())
                .allMatch(count -> count > 850 && count < 1150);
    }

    @Test
    void neverChangesTheOrderOfAnExistingRun() {
        SequenceOrder order = new SequenceOrder(1830, 17, 0);
        assertThat(LongStream.range(0, 6).map(order::at).toArray()).containsExactly(1377, 1360, 1598, 1621, 908, 1680);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void dealsTheSameMicroBatchesToAnyNumberOfRanks(int world) {
        BatchPlan plan = new BatchPlan(37, 64, Order.SHUFFLED, 5, 12, 2, 20);
        for (long step = 0; step < plan.steps(); step++) {
            List<List<Long>> alone = boxed(plan.microBatches(step, 0, 1));
            List<List<Long>> dealt = new ArrayList<>();
            for (int number = 0; number < plan.microBatches(); number++) {
                dealt.add(boxed(plan.microBatches(step, number % world, world)).get(number / world));
            }
            assertThat(dealt).isEqualTo(alone);
        }
    }

    @Test
    void runsOnIntoTheNextEpochWithoutShortBatches() {
        BatchPlan plan = new BatchPlan(10, 64, Order.SHUFFLED, 5, 4, 2, 5);
        List<Long> visited = new ArrayList<>();
        for (long step = 0; step < 5; step++) {
            boxed(plan.microBatches(step, 0, 1)).forEach(visited::addAll);
        }
        assertThat(visited).hasSize(20);
        assertThat(visited.subList(0, 10)).containsExactlyInAnyOrderElementsOf(numbers(10));
        assertThat(visited.subList(10, 20)).containsExactlyInAnyOrderElementsOf(numbers(10));
        assertThat(visited.subList(0, 10)).isNotEqualTo(visited.subList(10, 20));
    }

    @Test
    void goesFromShortDocumentsToLongOnesInEveryEpochOfACurriculum() {
        BatchPlan plan = new BatchPlan(5, 64, Order.SHORT_FIRST, 5, 2, 1, 4);
        List<Long> visited = new ArrayList<>();
        for (long step = 0; step < 4; step++) {
            boxed(plan.microBatches(step, 0, 1)).forEach(visited::addAll);
        }
        assertThat(visited).containsExactly(4L, 3L, 2L, 1L, 0L, 4L, 3L, 2L);
    }

    @Test
    void roundsTheStepsUpToTheTokensAskedFor() {
        assertThat(BatchPlan.forTokens(250_000, 1000, 512, Order.SHUFFLED, 1, 4, 1)
                        .steps())
                .isEqualTo(123);
        assertThat(BatchPlan.forTokens(2048, 1000, 512, Order.SHUFFLED, 1, 4, 1).steps())
                .isEqualTo(1);
    }

    @Test
    void refusesABatchThatMicroBatchesDoNotFill() {
        assertThatThrownBy(() -> new BatchPlan(10, 64, Order.SHUFFLED, 1, 5, 2, 1))
                .hasMessageContaining("a batch of 5 sequences in micro-batches of 2");
    }

    private static List<Long> numbers(int count) {
        return LongStream.range(0, count)
                .boxed()
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    private static List<List<Long>> boxed(List<long[]> batches) {
        return batches.stream().map(ids -> LongStream.of(ids).boxed().toList()).toList();
    }
}
