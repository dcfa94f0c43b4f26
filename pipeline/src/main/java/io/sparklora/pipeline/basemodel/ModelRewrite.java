package io.sparklora.pipeline.basemodel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A base model about to be written again as the kind of file that it is, with some of its weights changed and everything
 * else kept. The opener closes it.
 */
public sealed interface ModelRewrite extends AutoCloseable permits GgufRewrite, HuggingFaceRewrite {
    /** Opens the files of a model that was checked by being opened. */
    static ModelRewrite of(BaseModel base) {
        return Files.isDirectory(base.path())
                ? HuggingFaceRewrite.open(base.path(), base.shape())
                : GgufRewrite.open(base.path(), base.shape());
    }

    /** The weights that may change, by the names that Hugging Face gives them, in the files' order. */
    List<BaseTensor> weights();

    /**
     * Decides how each tensor is written; nothing is written yet.
     *
     * @param type of the model's matrices; empty to keep the type of each
     * @param changes the weights that change
     * @throws IllegalArgumentException where such a model has no weights of that type, or a weight that changes would keep
     *     a type that is only read
     */
    Plan plan(Optional<ElementType> type, WeightChanges changes);

    @Override
    void close();

    /** A model that can be written. */
    interface Plan {
        /** How many tensors it has. */
        int tensors();

        /** Bytes of all tensors, headers not counted. */
        long bytes();

        /**
         * Writes it.
         *
         * @param target a file or a directory that is not there yet, of the kind that the model is
         * @param progress told of each tensor once it is written
         * @throws InvalidBaseModelException where the files end too early or a value does not fit its type
         */
        void write(Path target, Progress progress) throws IOException;
    }

    /** Who is told how far the writing is. */
    @FunctionalInterface
    interface Progress {
        /** A tensor is written, so many bytes long. */
        void written(String tensor, long bytes);
    }
}
