package io.sparklora.training.generation;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The loop from a prompt to its text: the whole prompt in one call, then a token at a time. Used by the thread that owns
 * the model.
 *
 * @param model the text's next token
 * @param sampler chooses it
 * @param text turns tokens into text
 * @param endTokens ids that end the text; they are not part of it
 * @param maximumTokens most tokens after the prompt, at least 1
 */
record Generation(NextToken model, Sampler sampler, TextStream text, List<Integer> endTokens, int maximumTokens) {
    private static final double NANOS_A_SECOND = 1e9;

    /** Copies the list and checks the limit. */
    Generation {
        endTokens = List.copyOf(endTokens);
        if (maximumTokens < 1) {
            throw new IllegalArgumentException("at least 1 token must be wanted but " + maximumTokens + " are");
        }
    }

    /** A text that grows. */
    @FunctionalInterface
    interface NextToken {
        /** Appends tokens and scores the one that follows, one logit a vocabulary entry. */
        float[] append(int... tokens);
    }

    /** Why a text ended. */
    enum Ending {
        /** The model ended it. */
        END_OF_TEXT,
        /** The limit was reached. */
        MAXIMUM_TOKENS,
        /** The user stopped it. */
        STOPPED
    }

    /**
     * How it went.
     *
     * @param promptTokens tokens of the prompt
     * @param promptSeconds time to read them all
     * @param tokens tokens generated, an end token not counted
     * @param seconds time from the first choice to the end
     * @param ending why the text ended
     */
    record Report(int promptTokens, double promptSeconds, int tokens, double seconds, Ending ending) {}

    /**
     * Generates.
     *
     * @param prompt at least one token
     * @param stopped asked before each token
     * @param out takes the text piece by piece
     */
    Report run(int[] prompt, BooleanSupplier stopped, Consumer<String> out) {
        long start = System.nanoTime();
        text.skip(prompt);
        float[] logits = model.append(prompt);
        long read = System.nanoTime();
        int tokens = 0;
        Ending ending = Ending.MAXIMUM_TOKENS;
        while (tokens < maximumTokens) {
            int token = sampler.next(logits);
            if (endTokens.contains(token)) {
                ending = Ending.END_OF_TEXT;
                break;
            }
            if (stopped.getAsBoolean()) {
                ending = Ending.STOPPED;
                break;
            }
            tokens++;
            out.accept(text.add(token));
            // The last token's successor is not wanted, and computing it would cost as much as any.
            logits = tokens < maximumTokens ? model.append(token) : logits;
        }
        out.accept(text.finish());
        double promptSeconds = (read - start) / NANOS_A_SECOND;
        return new Report(prompt.length, promptSeconds, tokens, (System.nanoTime() - read) / NANOS_A_SECOND, ending);
    }
}
