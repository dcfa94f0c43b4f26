package io.sparklora.training.lora;

import io.sparklora.pipeline.run.ContentKey;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a LoRA adapter is before the first step: A random, B zero, so that the adapted model starts as the base. A
 * stateless function of the layout, so every rank and every restart gets the same vector.
 */
@FunctionalInterface
public interface LoraInitializer {
    /** A new vector in the layout's order, length {@link LoraLayout#parameterCount()}. */
    float[] initial(LoraLayout layout);

    /**
     * A ~ U[-1/sqrt(in), 1/sqrt(in)) with {@code in} the layer's input features, which is PEFT's
     * {@code kaiming_uniform_(a=sqrt(5))} (peft/tuners/lora/layer.py, {@code reset_lora_parameters}).
     *
     * <p>Each matrix has a generator of its own, which the seed and the matrix' PEFT key start, so that its values do not
     * depend on which other layers are trained or in which order. It is SplitMix64 started by the first 64 bits of a
     * SHA-256; the 24 high bits k of an output give (2k / 2^24 - 1) * (1 / sqrt(in)), computed in binary64 and rounded
     * to binary32 at the end. Integers and IEEE arithmetic alone: the same bits on every JVM.
     */
    static LoraInitializer seeded(long seed) {
        return layout -> {
            float[] parameters = new float[layout.parameterCount()];
            for (LoraEntry entry : layout.entries()) {
                if (entry.matrix() == LoraMatrix.A) {
                    fill(parameters, entry, generator(seed, entry.key()));
                }
            }
            return parameters;
        };
    }

    /**
     * A from tensors given by PEFT key, such as those of another trainer's run.
     *
     * @param matrices exactly the layout's A, row-major [r, in]
     * @throws IllegalArgumentException when applied to a layout, naming the tensor that is missing, of another size or
     *     not the layout's
     */
    static LoraInitializer given(Map<String, float[]> matrices) {
        return layout -> {
            Map<String, float[]> left = new HashMap<>(matrices);
            float[] parameters = new float[layout.parameterCount()];
            for (LoraEntry entry : layout.entries()) {
                if (entry.matrix() == LoraMatrix.A) {
                    copy(left.remove(entry.key()), entry, parameters);
                }
            }
            if (!left.isEmpty()) {
                throw new IllegalArgumentException("initial tensors "
                        + left.keySet().stream().sorted().toList() + " belong to no A of the layout");
            }
            return parameters;
        };
    }

    private static SplitMix64 generator(long seed, String key) {
        String hash =
                ContentKey.of(List.of("lora-a/1", Long.toString(seed), key)).hex();
        return new SplitMix64(HexFormat.fromHexDigitsToLong(hash, 0, Long.BYTES * 2));
    }

    private static void fill(float[] parameters, LoraEntry entry, SplitMix64 generator) {
        double bound = 1 / Math.sqrt(entry.columns());
        for (int i = 0; i < entry.elements(); i++) {
            parameters[entry.offset() + i] = (float) ((2 * generator.nextUnit() - 1) * bound);
        }
    }

    private static void copy(float @Nullable [] values, LoraEntry entry, float[] parameters) {
        if (values == null || values.length != entry.elements()) {
            throw new IllegalArgumentException("initial tensor " + entry.key() + " must have " + entry.elements()
                    + " values but " + (values == null ? "is missing" : "has " + values.length));
        }
        System.arraycopy(values, 0, parameters, entry.offset(), values.length);
    }
}
