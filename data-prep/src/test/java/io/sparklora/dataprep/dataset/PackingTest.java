package io.sparklora.dataprep.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PackingTest {
    @Test
    void cutsLongDocumentsAndFillsTheLeastRoom() {
        int[] lengths = {3, 21, 6, 4, 7, 10};

        Packing packing = Packing.of(lengths, 10);

        // Whole pieces: two of document 1, one of document 5. Rests: 7, 6, 4, 3, 1; 4 fits 6, 3 fits 7.
        assertThat(packing.sequences()).isEqualTo(6);
        assertThat(placed(packing, lengths))
                .containsExactly(List.of(3), List.of(0, 1, 5), List.of(4), List.of(4), List.of(3), List.of(2));
    }

    @Test
    void packsNothingIntoNothing() {
        assertThat(Packing.of(new int[0], 512).sequences()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 13, 64, 512})
    void packsAsTheNaiveModelDoes(int sequenceLength) {
        Random random = new Random(sequenceLength);
        for (int run = 0; run < 50; run++) {
            int[] lengths =
                    random.ints(random.nextInt(300), 1, 3 * sequenceLength).toArray();

            Packing packing = Packing.of(lengths, sequenceLength);

            NaivePacking naive = new NaivePacking(lengths, sequenceLength);
            assertThat(placed(packing, lengths)).isEqualTo(naive.placed);
            assertThat(packing.sequences()).isEqualTo(naive.wholePieces + naive.rooms.size());
        }
    }

    private static List<List<Integer>> placed(Packing packing, int[] lengths) {
        return IntStream.range(0, lengths.length)
                .mapToObj(document -> IntStream.range(0, packing.pieces(lengths[document]))
                        .mapToObj(piece -> packing.sequence(document, lengths[document], piece))
                        .toList())
                .toList();
    }

    /** Best-fit decreasing by looking at every sequence; of equal rooms, the one that changed last. */
    private static final class NaivePacking {
        private final List<List<Integer>> placed = new ArrayList<>();
        private final List<int[]> rooms = new ArrayList<>();
        private int wholePieces;

        NaivePacking(int[] lengths, int sequenceLength) {
            for (int length : lengths) {
                List<Integer> sequences = new ArrayList<>();
                for (int i = 0; i < length / sequenceLength; i++) {
                    sequences.add(wholePieces++);
                }
                placed.add(sequences);
            }
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, lengths.length).boxed().toList());
            order.sort(Comparator.comparing(document -> -(lengths[document] % sequenceLength)));
            int time = 0;
            for (int document : order) {
                int rest = lengths[document] % sequenceLength;
                if (rest > 0) {
                    placed.get(document).add(wholePieces + place(rest, sequenceLength, time++));
                }
            }
        }

        private int place(int rest, int sequenceLength, int time) {
            int best = -1;
            for (int i = 0; i < rooms.size(); i++) {
                int[] room = rooms.get(i);
                if (room[0] >= rest
                        && (best < 0
                                || room[0] < rooms.get(best)[0]
                                || (room[0] == rooms.get(best)[0] && room[1] > rooms.get(best)[1]))) {
                    best = i;
                }
            }
            if (best < 0) {
                best = rooms.size();
                rooms.add(new int[] {sequenceLength, 0});
            }
            rooms.get(best)[0] -= rest;
            rooms.get(best)[1] = time;
            return best;
        }
    }
}
