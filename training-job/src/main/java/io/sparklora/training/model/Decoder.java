package io.sparklora.training.model;

import ai.djl.pytorch.jni.IValue;
import io.sparklora.pipeline.basemodel.DecoderShape;
import java.util.Arrays;

/**
 * Text that grows token by token, with the keys and values of its tokens kept, so that a further token costs one token's
 * work. Belongs to the {@link TorchScriptProgram} that opened it and to its thread; opening another decoder ends this one.
 */
public final class Decoder {
    private final NativeProgram program;
    private final DecoderShape shape;
    private final Branches branches;
    private final int[] text;
    private int length;
    private boolean ended;

    Decoder(NativeProgram program, DecoderShape shape, Branches branches, int capacity) {
        if (capacity < 1 || capacity > shape.contextLength()) {
            throw new IllegalArgumentException("a decoder's capacity must be in [1, " + shape.contextLength()
                    + "], the model's context, but was " + capacity);
        }
        this.program = program;
        this.shape = shape;
        this.branches = branches;
        this.text = new int[capacity];
        program.call("begin", IValue.from(capacity)).close();
    }

    /**
     * Appends tokens: a whole prompt, or the one token just chosen.
     *
     * @param ids at least one; {@link #length()} plus their number is at most {@link #capacity()}
     * @return the logits of the token that follows the last, one a vocabulary entry
     * @throws IllegalArgumentException where there is no id or no room, or an id is outside the vocabulary
     * @throws IllegalStateException where another decoder was opened since
     */
    public float[] append(int... ids) {
        if (ended) {
            throw new IllegalStateException("this decoder ended when another one of the same program was opened");
        }
        if (ids.length < 1 || ids.length > capacity() - length) {
            throw new IllegalArgumentException("a decoder with " + length + " of " + capacity() + " tokens takes 1 to "
                    + (capacity() - length) + " more but was given " + ids.length);
        }
        for (int id : ids) {
            ProgramInput.requireToken("id", id, shape);
        }
        System.arraycopy(ids, 0, text, length, ids.length);
        int known = becomesLong(length + ids.length) ? 0 : length;
        long[] rest =
                Arrays.stream(text, known, length + ids.length).asLongStream().toArray();
        try (IValue logits =
                program.call("extend", IValue.listFrom(rest), IValue.from((long) known), branches.argument())) {
            length += ids.length;
            return program.floats(logits);
        }
    }

    /** Whether the text becomes one whose positions turn otherwise, so that the keys of its first tokens are others. */
    private boolean becomesLong(int newLength) {
        int limit = shape.longTextAfter().orElse(Integer.MAX_VALUE);
        return length > 0 && length <= limit && newLength > limit;
    }

    /** Tokens so far. */
    public int length() {
        return length;
    }

    /** Most tokens. */
    public int capacity() {
        return text.length;
    }

    void end() {
        ended = true;
    }
}
