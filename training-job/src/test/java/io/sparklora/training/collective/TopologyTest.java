package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopologyTest {
    /** Ranks dealt to hosts in turn, as Spark does. */
    static List<String> hosts(int hosts, int ranksOfHost) {
        List<String> names = new ArrayList<>();
        for (int rank = 0; rank < hosts * ranksOfHost; rank++) {
            names.add("host-" + rank % hosts);
        }
        return names;
    }

    @Test
    void letsTheRanksOfAHostFollowOneAnother() {
        assertThat(Topology.ring(List.of("a", "b", "a", "c", "b")).groups()).containsExactly(List.of(0, 2, 1, 4, 3));
    }

    @Test
    void makesAGroupOfWholeHosts() {
        assertThat(Topology.tree(List.of("a", "a", "a", "b", "b", "c")).groups())
                .containsExactly(List.of(0, 1, 2), List.of(3, 4), List.of(5));
        assertThat(Topology.tree(hosts(9, 1)).groups())
                .containsExactly(List.of(0, 1, 2), List.of(3, 4, 5), List.of(6, 7, 8));
        assertThat(Topology.tree(hosts(1, 5)).groups()).containsExactly(List.of(0, 1, 2, 3, 4));
    }

    @ParameterizedTest
    @CsvSource({"2,1,2", "4,1,6", "4,2,14", "64,1,126", "1024,1,2046", "128,8,2046"})
    void countsTheHopsOfARing(int hosts, int ranksOfHost, int hops) {
        assertThat(Topology.ring(hosts(hosts, ranksOfHost)).hops()).isEqualTo(hops);
    }

    @ParameterizedTest
    @CsvSource({"4,1,4", "64,1,28", "1024,1,124", "128,8,124"})
    void countsTheHopsOfATree(int hosts, int ranksOfHost, int hops) {
        assertThat(Topology.tree(hosts(hosts, ranksOfHost)).hops()).isEqualTo(hops);
    }

    /** An adapter of SmolLM2-135M with rank 8, and one of Llama 3 8B with rank 16, on all linear layers. */
    @ParameterizedTest
    @CsvSource({
        "64,1,2442240,1",
        "128,1,2442240,1",
        "256,1,2442240,16",
        "1024,1,2442240,32",
        "32,8,2442240,16",
        "1,256,2442240,1",
        "16,1,100000,4",
        "1024,1,41943040,1"
    })
    void takesATreeWhereItsHopsSaveMoreThanItsBytesCost(int hosts, int ranksOfHost, int parameters, int groups) {
        assertThat(Topology.plan(hosts(hosts, ranksOfHost), parameters).groups())
                .hasSize(groups);
    }

    @Test
    void givesALeaderTwoPlaces() {
        Topology tree = Topology.tree(List.of("a", "a", "b"));
        assertThat(tree.places(new Membership("run", 0, 3, 0))).hasSize(2);
        assertThat(tree.places(new Membership("run", 0, 3, 1)))
                .singleElement()
                .satisfies(place -> assertThat(place.level()).isEqualTo(RingPlace.Level.GROUP));
        assertThat(tree.places(new Membership("run", 0, 3, 2)))
                .singleElement()
                .satisfies(place -> assertThat(place.ranks()).containsExactly(0, 2));
    }

    @Test
    void refusesGroupsThatMissARank() {
        assertThatThrownBy(() -> new Topology(List.of(List.of(0, 1), List.of(3))))
                .hasMessageContaining("groups must hold each rank once");
        assertThatThrownBy(() -> new Topology(List.of(List.of(0, 1), List.of(1))))
                .hasMessageContaining("groups must hold each rank once");
        assertThatThrownBy(() -> new Topology(List.of(List.of(0, 1), List.of())))
                .hasMessageContaining("must not be empty");
    }
}
