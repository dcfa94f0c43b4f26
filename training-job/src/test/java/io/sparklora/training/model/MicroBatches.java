package io.sparklora.training.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Micro-batches to test with. */
final class MicroBatches {
    private MicroBatches() {}

    /** Random ids; every token is supervised but each document's first. */
    static MicroBatch random(long seed, int vocabulary, int[]... documentLengths) {
        Random random = new Random(seed);
        int length = Arrays.stream(documentLengths[0]).sum();
        int[] ids = random.ints((long) documentLengths.length * length, 0, vocabulary)
                .toArray();
        return new MicroBatch(documentLengths.length, length, ids, labels(ids, documentLengths), documentLengths);
    }

    private static int[] labels(int[] ids, int[][] documentLengths) {
        int[] labels = ids.clone();
        int start = 0;
        for (int[] row : documentLengths) {
            for (int length : row) {
                labels[start] = MicroBatch.IGNORED;
                start += length;
            }
        }
        return labels;
    }

    /** One micro-batch a document of at least two tokens. */
    static List<MicroBatch> documents(MicroBatch packed) {
        List<MicroBatch> single = new ArrayList<>();
        int start = 0;
        for (int[] row : packed.documentLengths()) {
            for (int length : row) {
                if (length > 1) {
                    int[] ids = Arrays.copyOfRange(packed.inputIds(), start, start + length);
                    int[] labels = Arrays.copyOfRange(packed.labels(), start, start + length);
                    single.add(new MicroBatch(1, length, ids, labels, new int[][] {{length}}));
                }
                start += length;
            }
        }
        return single;
    }
}
