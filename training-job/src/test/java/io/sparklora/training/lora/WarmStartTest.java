package io.sparklora.training.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.config.LoraConfig.Scaling;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class WarmStartTest {
    private static final DecoderShape MODEL =
            new DecoderShape("llama", 32, 64, 2, 4, 2, 8, 300, 512, 10_000, Optional.empty(), 1e-5, true);
    private static final AdapterShape PATTERNS = new AdapterShape(
            Kind.LORA,
            2,
            6,
            Scaling.RSLORA,
            List.of("q_proj", "up_proj"),
            List.of(),
            Map.of("up_proj", 5),
            Map.of("q_proj", 3));

    @Test
    void copiesTheParametersOfAnAdapterOfTheSameShape() {
        AdapterShape shape = AdapterShape.plain(4, 8, List.of("all-linear"));
        float[] parameters = random(layout(shape));

        assertThat(new WarmStart(portable(shape, parameters)).initial(layout(shape)))
                .isEqualTo(parameters);
    }

    /** What was folded for servers is unfolded: A to the bit, B to the rounding of its factor. */
    @Test
    void unfoldsWhatWasPublished() {
        LoraLayout layout = layout(PATTERNS);
        float[] parameters = random(layout);

        float[] start = new WarmStart(portable(PATTERNS, parameters)).initial(layout);

        for (LoraEntry entry : layout.entries()) {
            double rounding = entry.matrix() == LoraMatrix.A ? 0 : 2e-7;
            for (int i = entry.offset(); i < entry.offset() + entry.elements(); i++) {
                assertThat((double) start[i]).isCloseTo(parameters[i], within(rounding * Math.abs(parameters[i])));
            }
        }
    }

    @Test
    void refusesOtherBranchesAndRanksNamingThem() {
        AdapterShape shape = AdapterShape.plain(4, 8, List.of("q_proj", "v_proj"));
        WarmStart start = new WarmStart(portable(shape, random(layout(shape))));

        assertThatThrownBy(() -> start.initial(layout(AdapterShape.plain(4, 8, List.of("q_proj", "k_proj")))))
                .hasMessage("the adapter differs from the run in 4 branches:"
                        + " model.layers.0.self_attn.k_proj has no branch in it;"
                        + " model.layers.0.self_attn.v_proj has no branch in the run;"
                        + " model.layers.1.self_attn.k_proj has no branch in it; ...");
        assertThatThrownBy(() -> start.initial(layout(AdapterShape.plain(5, 8, List.of("q_proj", "v_proj")))))
                .hasMessageContaining("model.layers.0.self_attn.q_proj has rank 4 in it but 5 in the run");
        assertThatThrownBy(() -> start.initial(layout(AdapterShape.plain(3, 8, List.of("q_proj", "v_proj")))))
                .hasMessageContaining("rank of model.layers.0.self_attn.q_proj: 4 in it but 3 in the run");
    }

    @Test
    void goesOnWithModulesThatWereTrainedWholeAndRefusesOthers() {
        AdapterShape whole = AdapterShape.plain(4, 8, List.of("q_proj")).saving(List.of("lm_head"));
        LoraLayout layout = new PeftConfig("base", whole).layout(MODEL);
        float[] parameters = random(layout);
        WarmStart start = new WarmStart(new PeftAdapter(new PeftConfig("base", whole), layout, parameters));

        assertThat(start.initial(layout)).isEqualTo(parameters);
        assertThatThrownBy(() -> start.initial(layout(AdapterShape.plain(4, 8, List.of("q_proj")))))
                .hasMessage(
                        "the adapter differs from the run in what it trains whole: [lm_head] in it but [] in the run");
    }

    private static PeftAdapter portable(AdapterShape shape, float[] parameters) {
        return new PortableProfile("base", shape.alpha(), LoraModules.of(MODEL), layout(shape)).adapter(parameters);
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
}
