package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StragglersTest {
    private static final int STEPS = 60;

    /** Every straggler of {@value #STEPS} equal steps. */
    private static List<Straggler> found(int microBatches, Double... computeSeconds) {
        List<RankCard> cards = IntStream.range(0, computeSeconds.length)
                .mapToObj(
                        rank -> new RankCard(rank, "e" + rank, "host-" + rank, List.of(1000), "", Optional.empty(), ""))
                .toList();
        Stragglers stragglers = new Stragglers(cards, microBatches);
        List<Straggler> found = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            stragglers.after(Arrays.asList(computeSeconds)).ifPresent(found::add);
        }
        return found;
    }

    @Test
    void findsTheSlowRankOnceAndSaysWhereItRuns() {
        assertThat(found(8, 0.2, 0.2, 0.5, 0.2)).singleElement().satisfies(straggler -> {
            assertThat(straggler.rank()).isEqualTo(2);
            assertThat(straggler)
                    .hasToString(
                            "rank 2 (executor e2 on host-2) takes 0.250 s a micro-batch where the median rank takes"
                                    + " 0.100 s: the others wait for it");
        });
        assertThat(found(2, 3.0, 1.0)).extracting(Straggler::rank).containsExactly(0);
    }

    @Test
    void findsNoneWhereRanksHaveMoreToDo() {
        // Of 7 micro-batches, rank 0 computes three and the others two; of 2, ranks 2 and 3 compute none.
        assertThat(found(7, 0.6, 0.4, 0.4)).isEmpty();
        assertThat(found(2, 0.2, 0.2, 0.0, 0.0)).isEmpty();
        assertThat(found(4, 5.0)).isEmpty();
    }
}
