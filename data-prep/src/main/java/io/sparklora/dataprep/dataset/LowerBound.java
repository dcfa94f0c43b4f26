package io.sparklora.dataprep.dataset;

/**
 * The fewest sequences into which documents can possibly go, for any way of packing: whole pieces of long documents take
 * a sequence each, and what is left is bounded by Martello and Toth's L2 (Lower bounds and reduction procedures for the
 * bin packing problem, 1990). For each limit up to half a sequence: a rest longer than a sequence less the limit is alone
 * with anything that reaches the limit; every other rest of more than half needs a sequence of its own, too; those from
 * the limit to half can only fill up the room that these leave, and then whole sequences. Never below the tokens divided
 * by the sequence length. Time and memory are in proportion to documents and sequence length.
 */
final class LowerBound {
    private LowerBound() {}

    /**
     * The bound.
     *
     * @param lengths tokens of each document, at least 1
     * @param sequenceLength tokens of a sequence
     */
    static long of(int[] lengths, int sequenceLength) {
        long[] rests = new long[sequenceLength];
        long whole = 0;
        for (int length : lengths) {
            whole += length / sequenceLength;
            rests[length % sequenceLength]++;
        }
        rests[0] = 0;
        return whole + ofRests(rests, sequenceLength);
    }

    /** @param rests how many there are of each length below the sequence's */
    private static long ofRests(long[] rests, int sequenceLength) {
        int half = sequenceLength / 2;
        long large = 0;
        long tokensOfLarge = 0;
        for (int length = half + 1; length < sequenceLength; length++) {
            large += rests[length];
            tokensOfLarge += rests[length] * length;
        }
        // From the highest limit down: more small rests count, and fewer large ones are alone.
        long alone = large;
        long tokensOfAlone = tokensOfLarge;
        long tokensOfSmall = 0;
        long bound = 0;
        for (int limit = half, longest = half; limit >= 1; limit--) {
            tokensOfSmall += rests[limit] * limit;
            while (longest < sequenceLength - limit) {
                longest++;
                alone -= longest < sequenceLength ? rests[longest] : 0;
                tokensOfAlone -= longest < sequenceLength ? rests[longest] * longest : 0;
            }
            long open = large - alone;
            long room = open * sequenceLength - (tokensOfLarge - tokensOfAlone);
            long more = Math.max(0, tokensOfSmall - room);
            bound = Math.max(bound, large + (more + sequenceLength - 1) / sequenceLength);
        }
        return bound;
    }
}
