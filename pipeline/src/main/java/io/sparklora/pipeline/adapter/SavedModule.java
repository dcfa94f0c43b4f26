package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.FamilyNames;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A matrix of the base model that an adapter trains whole and keeps beside its branches (PEFT's modules_to_save). Where
 * the base ties head and embedding, each that is trained becomes a matrix of its own, as in PEFT without
 * ensure_weight_tying; the other stays the base's.
 *
 * @param role what the model does with it
 * @param path of the module in the model, such as {@code model.embed_tokens}
 * @param baseTensor name under which the base model has what it starts from
 * @param rows of the matrix: the vocabulary
 * @param columns of the matrix: the hidden size
 */
public record SavedModule(Role role, String path, String baseTensor, int rows, int columns) implements Serializable {
    private static final String EMBEDDING_TENSOR = "model.embed_tokens.weight";

    /** What the model does with a matrix. */
    public enum Role {
        /** Its rows are what tokens come in as. */
        EMBEDDING,
        /** Its products are the logits. */
        HEAD
    }

    /** The modules of a model that can be trained whole. */
    static List<SavedModule> of(DecoderShape shape) {
        FamilyNames names = FamilyNames.of(shape);
        String head = shape.tiedHead() ? EMBEDDING_TENSOR : "lm_head.weight";
        return List.of(
                new SavedModule(
                        Role.EMBEDDING,
                        names.embedding(),
                        EMBEDDING_TENSOR,
                        shape.vocabularySize(),
                        shape.hiddenSize()),
                new SavedModule(Role.HEAD, names.head(), head, shape.vocabularySize(), shape.hiddenSize()));
    }

    /**
     * Those of a model that names mean, embedding first.
     *
     * @param wanted ends of paths, as PEFT matches them
     * @throws IllegalArgumentException where a name means none of them
     */
    public static List<SavedModule> named(List<String> wanted, DecoderShape shape) {
        List<SavedModule> all = of(shape);
        List<SavedModule> chosen = new ArrayList<>(all);
        chosen.removeIf(module -> wanted.stream().noneMatch(module::isCalled));
        for (String name : wanted) {
            if (all.stream().noneMatch(module -> module.isCalled(name))) {
                throw new IllegalArgumentException("modules to save must be of "
                        + all.stream().map(SavedModule::name).toList() + ", the model's embedding and head, but are "
                        + wanted);
            }
        }
        return List.copyOf(chosen);
    }

    private boolean isCalled(String name) {
        return ("." + path).endsWith("." + name);
    }

    /** The last part of the path: PEFT's usual name for the module. */
    public String name() {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** Number of elements. */
    public long parameters() {
        return (long) rows * columns;
    }
}
