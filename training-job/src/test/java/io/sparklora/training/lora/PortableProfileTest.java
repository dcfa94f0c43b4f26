package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.config.LoraConfig.Scaling;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PortableProfileTest {
    private static final DecoderShape MODEL =
            new DecoderShape("llama", 32, 64, 3, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);

    @Test
    void leavesAnAdapterOfOneRankAndAlphaAsItIs() {
        LoraLayout layout = layout(AdapterShape.plain(4, 6, List.of("all-linear")));
        float[] parameters = random(layout);

        PeftAdapter portable = portable(6, layout, parameters);

        assertThat(portable.parameters()).isEqualTo(parameters);
        assertThat(portable.config().shape())
                .isEqualTo(AdapterShape.plain(
                        4, 6, List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")));
    }

    @Test
    void foldsScalesIntoBAndFillsRanksUp() {
        AdapterShape shape = new AdapterShape(
                Kind.LORA,
                3,
                6,
                Scaling.RSLORA,
                List.of("q_proj", "mlp.down_proj"),
                List.of(0, 2),
                Map.of("down_proj", 5),
                Map.of("layers.0.self_attn.q_proj", 11));
        LoraLayout layout = layout(shape);
        float[] parameters = random(layout);

        PeftAdapter portable = portable(6, layout, parameters);

        assertThat(portable.config().shape())
                .isEqualTo(
                        AdapterShape.plain(5, 6, List.of("q_proj", "down_proj")).within(List.of(0, 2)));
        LoraLayout read = portable.config().layout(MODEL);
        assertThat(read.branches()).extracting(LoraBranch::rank).containsOnly(5);
        Map<String, double[]> expected = updates(layout, parameters);
        updates(read, portable.parameters())
                .forEach((path, update) -> assertThat(update).containsExactly(expected.get(path), within(1e-6)));
    }

    @Test
    void namesWholePathsWhereNamesWouldMeanMore() {
        AdapterShape shape =
                AdapterShape.plain(2, 4, List.of("model.layers.0.self_attn.q_proj", "model.layers.1.mlp.up_proj"));
        LoraLayout layout = layout(shape);

        assertThat(portable(4, layout, random(layout)).config().shape()).isEqualTo(shape);
    }

    private static PeftAdapter portable(int alpha, LoraLayout layout, float[] parameters) {
        return new PortableProfile("base", alpha, LoraModules.of(MODEL), layout).adapter(parameters);
    }

    private static LoraLayout layout(AdapterShape shape) {
        return LoraLayout.of(shape.branches(LoraModules.of(MODEL)));
    }

    private static float[] random(LoraLayout layout) {
        Random random = new Random(5);
        float[] parameters = new float[layout.parameterCount()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = (float) random.nextGaussian() / 8;
        }
        return parameters;
    }

    /** scale B A of every branch. */
    private static Map<String, double[]> updates(LoraLayout layout, float[] parameters) {
        Map<String, LoraEntry> a = new HashMap<>();
        Map<String, double[]> updates = new HashMap<>();
        for (LoraEntry entry : layout.entries()) {
            if (entry.matrix() == LoraMatrix.A) {
                a.put(entry.branch().path(), entry);
            } else {
                updates.put(
                        entry.branch().path(),
                        product(
                                entry,
                                Objects.requireNonNull(a.get(entry.branch().path())),
                                parameters));
            }
        }
        return updates;
    }

    private static double[] product(LoraEntry b, LoraEntry a, float[] parameters) {
        double[] product = new double[b.rows() * a.columns()];
        for (int row = 0; row < b.rows(); row++) {
            for (int column = 0; column < a.columns(); column++) {
                double sum = 0;
                for (int r = 0; r < b.columns(); r++) {
                    sum += (double) parameters[b.offset() + row * b.columns() + r]
                            * parameters[a.offset() + r * a.columns() + column];
                }
                product[row * a.columns() + column] = b.branch().scale() * sum;
            }
        }
        return product;
    }
}
