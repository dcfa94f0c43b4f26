package io.sparklora.pipeline.adapter;

import java.io.Serializable;

/**
 * A linear layer of a family's decoder block that can carry a LoRA branch. It may be several of the program's layers at
 * once, where the family fuses them: a {@code qkv_proj} is all rows of its group.
 *
 * @param blocks path of the list of blocks in the model, such as {@code model.layers}
 * @param path path below the block, such as {@code self_attn.q_proj}
 * @param group the product that computes it
 * @param firstRow its first output feature among those of the group
 * @param rows output features, at least 1
 * @param columns input features, at least 1
 */
public record LoraModule(String blocks, String path, LoraGroup group, int firstRow, int rows, int columns)
        implements Serializable {
    /** Checks the numbers. */
    public LoraModule {
        if (firstRow < 0 || rows < 1 || columns < 1) {
            throw new IllegalArgumentException(
                    path + " can't have " + rows + " rows from " + firstRow + " of " + columns);
        }
    }

    /** The last part of the path, such as {@code q_proj}: PEFT's usual name for the module. */
    public String name() {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** The path in the model, such as {@code model.layers.3.self_attn.q_proj}. */
    public String pathIn(int layer) {
        return blocks + "." + layer + "." + path;
    }
}
