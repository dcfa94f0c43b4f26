package io.sparklora.training.model;

import ai.djl.pytorch.jni.IValue;
import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.Arrays;

/**
 * A micro-batch as the program takes it: all rows one after another, for a row's border is a document's border too.
 *
 * @param ids token ids, [M]
 * @param documents lengths that sum to M
 * @param rows tokens that predict a supervised token, ascending
 * @param targets the tokens they should predict
 */
@SuppressWarnings("ArrayRecordComponent") // built for one call, never compared
record ProgramInput(long[] ids, long[] documents, long[] rows, long[] targets) {
    /**
     * Checks ids, labels and lengths against the model.
     *
     * @throws IllegalArgumentException where an id or label is outside the vocabulary, a document is longer than the
     *     context, or a document's first token is supervised
     */
    static ProgramInput of(MicroBatch batch, DecoderShape shape) {
        long[] documents = Arrays.stream(batch.documentLengths())
                .flatMapToInt(Arrays::stream)
                .asLongStream()
                .toArray();
        long[] rows = new long[batch.supervisedTokens()];
        long[] targets = new long[rows.length];
        int start = 0;
        int found = 0;
        for (long length : documents) {
            requireContext(length, shape);
            for (int token = start; token < start + length; token++) {
                requireToken("id", batch.inputIds()[token], shape);
                int label = batch.labels()[token];
                if (label == MicroBatch.IGNORED) {
                    continue;
                }
                requireToken("label", label, shape);
                if (token == start) {
                    throw new IllegalArgumentException("token " + token + " of a micro-batch is a document's first and"
                            + " has label " + label + ", but nothing predicts it: its label must be "
                            + MicroBatch.IGNORED);
                }
                rows[found] = token - 1L;
                targets[found++] = label;
            }
            start += (int) length;
        }
        return new ProgramInput(Arrays.stream(batch.inputIds()).asLongStream().toArray(), documents, rows, targets);
    }

    private static void requireContext(long length, DecoderShape shape) {
        if (length > shape.contextLength()) {
            throw new IllegalArgumentException("a document of " + length
                    + " tokens is longer than the model's context of " + shape.contextLength());
        }
    }

    static void requireToken(String what, int token, DecoderShape shape) {
        if (token < 0 || token >= shape.vocabularySize()) {
            throw new IllegalArgumentException(
                    what + " must be in [0, " + (shape.vocabularySize() - 1) + "] but was " + token);
        }
    }

    IValue idList() {
        return IValue.listFrom(ids);
    }

    IValue documentList() {
        return IValue.listFrom(documents);
    }

    IValue rowList() {
        return IValue.listFrom(rows);
    }

    IValue targetList() {
        return IValue.listFrom(targets);
    }
}
