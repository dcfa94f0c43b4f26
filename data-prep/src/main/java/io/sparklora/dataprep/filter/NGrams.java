package io.sparklora.dataprep.filter;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * How much of a text its repeated n-grams cover, in characters (code points).
 *
 * <p>Two n-grams are looked up by a polynomial hash of their characters, which follows from that of the (n-1)-gram and the
 * next word, and are then compared, so nothing depends on the hash. Few are looked up at all: an n-gram can't recur where
 * its start does not. Time is linear in words times n; memory is linear in the text. Not thread-safe.
 */
final class NGrams {
    private static final long BASE = 0x9E3779B97F4A7C15L;
    private static final int LOAD = 2;
    /** Characters without white space at the start of an n-gram that tell most of them apart. */
    private static final int START = 12;

    private final int words;
    /** The words' characters without the white space between them. */
    private final char[] letters;
    /** Where each word starts in {@link #letters}; one more for the end. */
    private final int[] starts;
    /** Code points before each word; one more for the end. */
    private final int[] codePoints;

    private final long[] wordHashes;
    private final long[] wordPowers;
    private final long[] gramHashes;
    private int n;

    private final int[] slots;
    private final int[] occurrences;
    private final int[] firsts;
    /** Of the n-grams whose occurrences were last counted, those that occur more than once; all before any was counted. */
    private final BitSet recurring;
    /** Words from which on the next {@value #START} characters stand elsewhere too; null before they are needed. */
    private @Nullable BitSet recurringStarts;

    /** Of a text's words. */
    NGrams(Words text) {
        words = text.count();
        letters = new char[text.text().length()];
        starts = new int[words + 1];
        codePoints = new int[words + 1];
        wordHashes = new long[words];
        wordPowers = new long[words];
        slots = new int[Math.max(2, Integer.highestOneBit(Math.max(1, words)) * 2 * LOAD)];
        occurrences = new int[words];
        firsts = new int[words];
        recurring = new BitSet(words);
        recurring.set(0, words);
        for (int word = 0; word < words; word++) {
            add(text, word);
        }
        gramHashes = wordHashes.clone();
        n = 1;
    }

    private void add(Words text, int word) {
        int at = starts[word];
        long hash = 0;
        long power = 1;
        int low = 0;
        for (int i = text.start(word); i < text.end(word); i++) {
            char letter = text.text().charAt(i);
            letters[at++] = letter;
            hash = hash * BASE + letter + 1;
            power *= BASE;
            low += Character.isLowSurrogate(letter) ? 1 : 0;
        }
        starts[word + 1] = at;
        codePoints[word + 1] = codePoints[word] + at - starts[word] - low;
        wordHashes[word] = hash;
        wordPowers[word] = power;
    }

    /**
     * Characters of the most frequent n-gram, one space between words, times its occurrences, overlapping ones included;
     * of equally frequent ones the first counts. 0 for a text of fewer than n words.
     */
    int charactersOfTop(int length) {
        grow(length);
        Arrays.fill(occurrences, 0);
        int top = -1;
        for (int gram = 0; gram + length <= words; gram++) {
            firsts[gram] = recurring.get(gram) ? find(gram, true) : gram;
            occurrences[firsts[gram]]++;
        }
        for (int gram = 0; gram + length <= words; gram++) {
            top = top < 0 || occurrences[gram] > occurrences[top] ? gram : top;
            recurring.set(gram, occurrences[firsts[gram]] > 1);
        }
        return top < 0 ? 0 : (codePoints(top) + length - 1) * occurrences[top];
    }

    /**
     * Characters of the n-grams, no space between words, that occurred before; reading goes on after such an n-gram, and
     * with the next word after a new one.
     */
    int charactersOfDuplicates(int length) {
        BitSet starting = recurringStarts();
        grow(length);
        int characters = 0;
        int gram = 0;
        while (gram + length <= words) {
            boolean mayRecur = starting.get(gram) || starts[gram + length] - starts[gram] < START;
            if (mayRecur && find(gram, false) != gram) {
                characters += codePoints(gram);
                gram += length;
            } else {
                gram++;
            }
        }
        return characters;
    }

    private BitSet recurringStarts() {
        if (recurringStarts == null) {
            recurringStarts = new BitSet(words);
            long[] hashes = new long[words];
            Arrays.fill(slots, 0);
            for (int word = 0; word < words && starts[word] + START <= starts[words]; word++) {
                hashes[word] = hashOfStart(word);
                int slot = slot(hashes[word]);
                while (slots[slot] != 0 && hashes[slots[slot] - 1] != hashes[word]) {
                    slot = (slot + 1) & (slots.length - 1);
                }
                if (slots[slot] == 0) {
                    slots[slot] = word + 1;
                } else {
                    recurringStarts.set(slots[slot] - 1);
                    recurringStarts.set(word);
                }
            }
        }
        return recurringStarts;
    }

    private long hashOfStart(int word) {
        long hash = 0;
        for (int i = starts[word]; i < starts[word] + START; i++) {
            hash = hash * BASE + letters[i];
        }
        return hash;
    }

    /** Goes on to longer n-grams; lengths must not fall. */
    private void grow(int length) {
        if (length < n) {
            throw new IllegalArgumentException("n-grams of " + length + " words asked for after those of " + n);
        }
        for (; n < length; n++) {
            for (int gram = 0; gram + n < words; gram++) {
                gramHashes[gram] = gramHashes[gram] * wordPowers[gram + n] + wordHashes[gram + n];
            }
        }
        Arrays.fill(slots, 0);
    }

    /** The first n-gram that was looked up and is equal to this one: often itself. */
    private int find(int gram, boolean sameWords) {
        long hash = gramHashes[gram];
        int slot = slot(hash);
        while (slots[slot] != 0) {
            int other = slots[slot] - 1;
            if (gramHashes[other] == hash && isSame(gram, other) && (!sameWords || hasSameBounds(gram, other))) {
                return other;
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        slots[slot] = gram + 1;
        return gram;
    }

    /** Where to look a hash up first. */
    private int slot(long hash) {
        return (int) ((hash * BASE) >>> Long.numberOfLeadingZeros(slots.length - 1));
    }

    private boolean isSame(int gram, int other) {
        return Arrays.equals(letters, starts[gram], starts[gram + n], letters, starts[other], starts[other + n]);
    }

    private boolean hasSameBounds(int gram, int other) {
        for (int word = 1; word < n; word++) {
            if (starts[gram + word] - starts[gram] != starts[other + word] - starts[other]) {
                return false;
            }
        }
        return true;
    }

    private int codePoints(int gram) {
        return codePoints[gram + n] - codePoints[gram];
    }
}
