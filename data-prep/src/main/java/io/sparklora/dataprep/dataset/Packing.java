package io.sparklora.dataprep.dataset;

import java.io.Serializable;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Which document goes into which sequence.
 *
 * <p>A document longer than a sequence is cut: its whole pieces are sequences of their own, numbered first, in the
 * documents' order. What is left of each document (or all of a short one) is packed by best-fit decreasing: longest
 * first, equal lengths in the documents' order, each into the sequence with the least room that still holds it, of equal
 * ones the one that got its room last (Johnson et al., Worst-case performance bounds for simple one-dimensional packing
 * algorithms, 1974; for training data: Ding et al., Fewer truncations improve language modeling, 2024). At most 11/9 of
 * the fewest sequences possible, plus one. Rooms are whole numbers, so the sequences are kept in a stack for each room,
 * and a bit set finds the next room: time is in proportion to documents and sequence length.
 *
 * <p>Memory: 8 bytes a document in this object, 12 more while it is made; at most 2^31 documents and sequences.
 */
final class Packing implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final int NONE = -1;

    private final int sequenceLength;
    private final int sequences;
    private final int[] firstWhole;
    private final int[] restAt;

    private Packing(int sequenceLength, int sequences, int[] firstWhole, int[] restAt) {
        this.sequenceLength = sequenceLength;
        this.sequences = sequences;
        this.firstWhole = firstWhole;
        this.restAt = restAt;
    }

    /**
     * Packs documents.
     *
     * @param lengths tokens of each document, at least 1, in the canonical order
     * @param sequenceLength tokens of a sequence
     */
    static Packing of(int[] lengths, int sequenceLength) {
        int[] firstWhole = new int[lengths.length];
        int wholePieces = 0;
        for (int i = 0; i < lengths.length; i++) {
            firstWhole[i] = wholePieces;
            wholePieces = Math.addExact(wholePieces, lengths[i] / sequenceLength);
        }
        int[] restAt = new int[lengths.length];
        int sequences = packRests(lengths, sequenceLength, wholePieces, restAt);
        return new Packing(sequenceLength, sequences, firstWhole, restAt);
    }

    /** Fills the sequence of each document's rest, {@link #NONE} where there is no rest; returns the sequences in all. */
    private static int packRests(int[] lengths, int sequenceLength, int firstFree, int[] restAt) {
        Rooms rooms = new Rooms(sequenceLength, firstFree);
        Arrays.fill(restAt, NONE);
        for (int document : longestFirst(lengths, sequenceLength)) {
            int rest = lengths[document] % sequenceLength;
            if (rest > 0) {
                restAt[document] = rooms.place(rest);
            }
        }
        return rooms.sequences();
    }

    /** Documents by descending rest, then by their order: a counting sort. */
    private static int[] longestFirst(int[] lengths, int sequenceLength) {
        int[] start = new int[sequenceLength + 1];
        for (int length : lengths) {
            start[sequenceLength - length % sequenceLength]++;
        }
        int next = 0;
        for (int bucket = 0; bucket <= sequenceLength; bucket++) {
            int size = start[bucket];
            start[bucket] = next;
            next += size;
        }
        int[] order = new int[lengths.length];
        for (int document = 0; document < lengths.length; document++) {
            order[start[sequenceLength - lengths[document] % sequenceLength]++] = document;
        }
        return order;
    }

    /** Sequences in all. */
    int sequences() {
        return sequences;
    }

    /** Pieces that a document of that many tokens is cut into. */
    int pieces(int length) {
        return pieces(length, sequenceLength);
    }

    static int pieces(int length, int sequenceLength) {
        return length / sequenceLength + (length % sequenceLength == 0 ? 0 : 1);
    }

    /**
     * The sequence of one piece.
     *
     * @param document place in the canonical order
     * @param length the document's tokens
     * @param piece from 0; it starts at token {@code piece * sequenceLength}
     */
    int sequence(int document, int length, int piece) {
        return piece < length / sequenceLength ? firstWhole[document] + piece : restAt[document];
    }

    /** Open sequences by the room that is left in them. */
    private static final class Rooms {
        private final int sequenceLength;
        private final int first;
        private final int[] top;
        private final BitSet open = new BitSet();
        private int[] below = new int[16];
        private int opened;

        Rooms(int sequenceLength, int first) {
            this.sequenceLength = sequenceLength;
            this.first = first;
            this.top = new int[sequenceLength + 1];
            Arrays.fill(top, NONE);
        }

        int place(int length) {
            int room = open.nextSetBit(length);
            int sequence = room < 0 ? opened++ : pop(room);
            push(sequence, (room < 0 ? sequenceLength : room) - length);
            return Math.addExact(first, sequence);
        }

        int sequences() {
            return Math.addExact(first, opened);
        }

        private int pop(int room) {
            int sequence = top[room];
            top[room] = below[sequence];
            if (top[room] == NONE) {
                open.clear(room);
            }
            return sequence;
        }

        private void push(int sequence, int room) {
            if (room == 0) {
                return;
            }
            if (sequence >= below.length) {
                below = Arrays.copyOf(below, Math.max(sequence + 1, below.length + (below.length >> 1)));
            }
            below[sequence] = top[room];
            top[room] = sequence;
            open.set(room);
        }
    }
}
