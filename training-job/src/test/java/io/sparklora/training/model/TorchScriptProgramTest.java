package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterShape;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModule;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant;
import io.sparklora.pipeline.basemodel.DecoderVariant.Bias;
import io.sparklora.pipeline.basemodel.DecoderVariant.QueryKeyNorm;
import io.sparklora.pipeline.basemodel.Multipliers;
import io.sparklora.pipeline.basemodel.NormPlacement;
import io.sparklora.pipeline.basemodel.Positions;
import io.sparklora.pipeline.basemodel.RopeScaling;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraInitializer;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TorchScriptProgramTest {
    private static final double SCALE = 1.5;
    private static final Placement FP32 = new Placement(Device.cpu(), ComputeType.FP32, 1);
    private static final List<String> ALL = List.of("all-linear");
    private static final MicroBatch PACKED = MicroBatches.random(5, 97, new int[] {7, 1, 12}, new int[] {20});

    @TempDir
    private Path cache;

    static Stream<Arguments> shapes() {
        RopeScaling llama3 = new RopeScaling.Llama3(8, 1, 4, 64);
        return Stream.of(
                Arguments.of("grouped queries, tied head", RandomLlama.tiny(4, 2, true, Optional.empty())),
                Arguments.of("a head each, untied head", RandomLlama.tiny(4, 4, false, Optional.empty())),
                Arguments.of("one key-value head", RandomLlama.tiny(4, 1, true, Optional.empty())),
                Arguments.of("heads wider than the model", RandomLlama.tiny(6, 3, false, Optional.empty())),
                Arguments.of("Llama 3 scaling", RandomLlama.tiny(4, 2, false, Optional.of(llama3))),
                Arguments.of("biases", variant(NormPlacement.BEFORE, QueryKeyNorm.NONE, EnumSet.allOf(Bias.class))),
                Arguments.of("norms of heads", variant(NormPlacement.BEFORE, QueryKeyNorm.EACH_HEAD, Set.of())),
                Arguments.of("norms after", variant(NormPlacement.AFTER, QueryKeyNorm.ALL_HEADS, Set.of())),
                Arguments.of(
                        "norms on both sides",
                        variant(NormPlacement.BEFORE_AND_AFTER, QueryKeyNorm.EACH_HEAD, Set.of(Bias.FEED_FORWARD))),
                Arguments.of("everything", RandomLlama.tiny(everything())));
    }

    private static DecoderShape variant(NormPlacement norms, QueryKeyNorm heads, Set<Bias> biases) {
        DecoderVariant plain = DecoderVariant.PLAIN;
        return RandomLlama.tiny(new DecoderVariant(
                biases,
                List.of(),
                heads,
                norms,
                plain.norm(),
                0,
                plain.feedForward(),
                plain.activation(),
                plain.multipliers(),
                plain.softCaps(),
                plain.positions(),
                plain.windowRopeTheta()));
    }

    private static DecoderVariant everything() {
        return new DecoderVariant(
                EnumSet.allOf(Bias.class),
                List.of(5, 0),
                QueryKeyNorm.ALL_HEADS,
                NormPlacement.BEFORE_AND_AFTER,
                DecoderVariant.Norm.RMS,
                1,
                DecoderVariant.FeedForward.GATED,
                DecoderVariant.Activation.GELU_TANH,
                new Multipliers(3, OptionalDouble.of(0.5), 0.3, 0.7),
                new DecoderVariant.SoftCaps(2, 4),
                Positions.ROTARY,
                OptionalDouble.of(30));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("shapes")
    void lossAndGradientAreAutograds(String name, DecoderShape shape) {
        RandomLlama model = new RandomLlama(shape, 3);
        LoraLayout layout = LoraLayout.uniform(shape, 3, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);
        BaseWeights weights = new BaseWeightCache(cache).open(model, WeightType.FP32);
        AutogradOracle.Result expected = new AutogradOracle(weights, layout).run(PACKED, parameters);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            Pass pass = Pass.of(program, PACKED, parameters);

            assertThat(pass.loss()).as(name).isCloseTo(expected.lossSum(), within(1e-3));
            assertThat(Distances.relative(pass.gradient(), expected.gradient())).isLessThan(5e-6);
        }
    }

    /** Ranks 1 to 3 and scales of their own; a layer without branches below, a group without any, a module left out. */
    @Test
    void branchesOfDifferentRanksAndScalesAreAutograds() {
        DecoderShape shape = RandomLlama.tiny(4, 2, false, Optional.empty());
        RandomLlama model = new RandomLlama(shape, 3);
        List<LoraBranch> branches = new ArrayList<>();
        for (LoraBranch branch : LoraLayout.uniform(shape, 3, 1, ALL).branches()) {
            int number = branches.size();
            branches.add(new LoraBranch(branch.layer(), branch.module(), 1 + number % 3, 0.5 + number % 4));
        }
        List<LoraBranch> upper =
                branches.stream().filter(branch -> branch.layer() == 1).toList();
        List<LoraBranch> some = branches.stream()
                .filter(branch ->
                        !List.of("k_proj", "o_proj").contains(branch.module().name()))
                .toList();

        for (List<LoraBranch> chosen : List.of(branches, upper, some)) {
            LoraLayout layout = LoraLayout.of(chosen);
            float[] parameters = Adapters.random(layout, 4);
            BaseWeights weights = new BaseWeightCache(cache).open(model, WeightType.FP32);
            AutogradOracle.Result expected = new AutogradOracle(weights, layout).run(PACKED, parameters);
            try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
                Pass pass = Pass.of(program, PACKED, parameters);

                assertThat(pass.loss()).isCloseTo(expected.lossSum(), within(1e-3));
                assertThat(Distances.relative(pass.gradient(), expected.gradient()))
                        .isLessThan(5e-6);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void doraStartsAsTheBase(WeightType stored) {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = dora(model);
        float[] parameters = LoraInitializer.seeded(4).initial(layout);
        new WeightNorms(model, stored).fill(layout, parameters);

        try (TorchScriptProgram program = open(model, stored, layout, FP32)) {
            program.load(parameters);

            assertThat(program.lossSum(PACKED)).isCloseTo(program.baseLossSum(PACKED), within(1e-4));
        }
    }

    /** The norm counts as a constant for A and B, but the magnitudes have all of their slope. */
    @Test
    void gradientOfAMagnitudeIsTheSlopeOfTheLoss() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = dora(model);
        float[] parameters = Adapters.random(layout, 4);
        new WeightNorms(model, WeightType.FP32).fill(layout, parameters);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            float[] gradient = Pass.of(program, PACKED, parameters).gradient();

            for (LoraEntry entry : layout.entries()) {
                if (entry.matrix() == LoraMatrix.MAGNITUDE) {
                    int i = entry.offset() + entry.elements() / 2;
                    assertThat(slope(program, parameters, i)).isCloseTo(gradient[i], within(5e-3));
                }
            }
        }
    }

    private static LoraLayout dora(RandomLlama model) {
        return LoraLayout.of(AdapterShape.plain(2, 3, ALL).as(Kind.DORA).branches(LoraModules.of(model.shape())));
    }

    @Test
    void dropoutIsAFunctionOfTheDraw() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32);
                TorchScriptProgram dropping = dropping(model, layout, 0.3);
                TorchScriptProgram again = dropping(model, layout, 0.3)) {
            Pass whole = Pass.of(program, PACKED, parameters);
            Pass one = Pass.of(dropping, PACKED, parameters, 5);
            Pass other = Pass.of(dropping, PACKED, parameters, 6);
            Pass evaluated = Pass.of(dropping, PACKED, parameters);
            Pass repeated = Pass.of(again, PACKED, parameters, 5);

            assertThat(repeated.gradient()).isEqualTo(one.gradient());
            assertThat(repeated.loss()).isEqualTo(one.loss());
            assertThat(other.gradient()).isNotEqualTo(one.gradient());
            assertThat(one.loss()).isNotEqualTo(whole.loss());
            assertThat(evaluated.gradient()).isEqualTo(whole.gradient());
            assertThat(dropping.lossSum(PACKED)).isEqualTo(program.lossSum(PACKED));
            assertThat(Pass.of(program, PACKED, parameters, 5).gradient()).isEqualTo(whole.gradient());
        }
    }

    @Test
    void gradientUnderDropoutIsTheSlopeOfTheLossUnderTheSameDraw() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);

        try (TorchScriptProgram program = dropping(model, layout, 0.4)) {
            float[] gradient = Pass.of(program, PACKED, parameters, 8).gradient();

            for (int i = 0; i < parameters.length; i += 97) {
                float[] moved = parameters.clone();
                moved[i] = parameters[i] + 0.01f;
                double above = Pass.of(program, PACKED, moved, 8).loss();
                moved[i] = parameters[i] - 0.01f;
                double slope = (above - Pass.of(program, PACKED, moved, 8).loss()) / 0.02;
                assertThat(slope).isCloseTo(gradient[i], within(1e-2));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7})
    void activationsThatAreComputedAgainGiveTheSameBits(int segment) {
        RandomLlama model = new RandomLlama(RandomLlama.deep(5), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);
        TrainingOptions options = new TrainingOptions(0.2, segment);

        try (TorchScriptProgram held = dropping(model, layout, 0.2);
                TorchScriptProgram again =
                        TorchScriptProgram.open(model, cache, WeightType.FP32, layout, FP32, options)) {
            Pass expected = Pass.of(held, PACKED, parameters, 8);

            assertThat(again.lossSum(PACKED)).isPositive();
            for (int repeat = 0; repeat < 2; repeat++) {
                Pass pass = Pass.of(again, PACKED, parameters, 8);
                assertThat(pass.loss()).isEqualTo(expected.loss());
                assertThat(pass.gradient()).isEqualTo(expected.gradient());
                assertThat(again.lossSum(PACKED)).isEqualTo(held.lossSum(PACKED));
            }
        }
    }

    /** Over many draws a dropped input is, in the mean, the whole one: B sees the same t. */
    @Test
    void dropoutKeepsTheMean() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, List.of("model.layers.1.mlp.down_proj"));
        // B is zero, so that the loss does not move and the gradient of B is linear in the dropped input.
        float[] parameters = LoraInitializer.seeded(4).initial(layout);
        double[] mean = new double[parameters.length];

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32);
                TorchScriptProgram dropping = dropping(model, layout, 0.5)) {
            float[] whole = Pass.of(program, PACKED, parameters).gradient();
            for (int draw = 0; draw < 400; draw++) {
                float[] gradient =
                        Pass.of(dropping, PACKED, parameters, 77L * draw).gradient();
                for (int i = 0; i < mean.length; i++) {
                    mean[i] += gradient[i] / 400.0;
                }
            }
            float[] found = new float[mean.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = (float) mean[i];
            }

            assertThat(Distances.relative(found, whole)).isLessThan(0.1);
        }
    }

    private TorchScriptProgram dropping(RandomLlama model, LoraLayout layout, double dropout) {
        return TorchScriptProgram.open(model, cache, WeightType.FP32, layout, FP32, new TrainingOptions(dropout, 0));
    }

    @Test
    void gradientIsTheSlopeOfTheLoss() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            float[] gradient = Pass.of(program, PACKED, parameters).gradient();

            for (int i = 0; i < parameters.length; i += 97) {
                assertThat(slope(program, parameters, i)).isCloseTo(gradient[i], within(5e-3));
            }
        }
    }

    private static double slope(TorchScriptProgram program, float[] parameters, int i) {
        float[] moved = parameters.clone();
        moved[i] = parameters[i] + 0.02f;
        program.load(moved);
        double above = program.lossSum(PACKED);
        moved[i] = parameters[i] - 0.02f;
        program.load(moved);
        return (above - program.lossSum(PACKED)) / 0.04;
    }

    @Test
    void packedDocumentsAreAsDocumentsAlone() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, false, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            Pass packed = Pass.of(program, PACKED, parameters);
            double loss = 0;
            float[] gradient = new float[parameters.length];
            for (MicroBatch document : MicroBatches.documents(PACKED)) {
                Pass alone = Pass.of(program, document, parameters);
                loss += alone.loss();
                for (int i = 0; i < gradient.length; i++) {
                    gradient[i] += alone.gradient()[i];
                }
            }

            assertThat(packed.loss()).isCloseTo(loss, within(1e-4));
            assertThat(Distances.relative(packed.gradient(), gradient)).isLessThan(2e-6);
        }
    }

    @Test
    void someTargetsAreAsAllWithTheOthersSilent() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout whole = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(whole, 4);

        try (TorchScriptProgram program = open(model, WeightType.FP32, whole, FP32)) {
            for (List<String> targets : subsets(model)) {
                Pass expected = Pass.of(program, PACKED, silenced(whole, parameters, targets));
                LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, targets);
                try (TorchScriptProgram partial = open(model, WeightType.FP32, layout, FP32)) {
                    Pass pass = Pass.of(partial, PACKED, selected(whole, parameters, targets));

                    assertThat(pass.loss()).as("%s", targets).isCloseTo(expected.loss(), within(1e-4));
                    assertThat(Distances.relative(pass.gradient(), selected(whole, expected.gradient(), targets)))
                            .as("%s", targets)
                            .isLessThan(2e-6);
                }
            }
        }
    }

    /** Each target alone, each left out, and two mixtures. */
    private static List<List<String>> subsets(RandomLlama model) {
        List<String> names = LoraModules.of(model.shape()).modules().stream()
                .map(LoraModule::name)
                .toList();
        List<List<String>> subsets = new ArrayList<>();
        for (String name : names) {
            subsets.add(List.of(name));
            subsets.add(names.stream().filter(other -> !other.equals(name)).toList());
        }
        subsets.add(List.of("q_proj", "v_proj"));
        subsets.add(List.of("k_proj", "up_proj", "down_proj"));
        return subsets;
    }

    /** B of the targets that are not wanted becomes zero, so that their branches say nothing. */
    private static float[] silenced(LoraLayout layout, float[] parameters, List<String> wanted) {
        float[] silenced = parameters.clone();
        for (LoraEntry entry : layout.entries()) {
            if (!wanted.contains(entry.branch().module().name()) && entry.matrix() == LoraMatrix.B) {
                Arrays.fill(silenced, entry.offset(), entry.offset() + entry.elements(), 0);
            }
        }
        return silenced;
    }

    private static float[] selected(LoraLayout layout, float[] vector, List<String> wanted) {
        List<LoraEntry> entries = layout.entries().stream()
                .filter(entry -> wanted.contains(entry.branch().module().name()))
                .toList();
        float[] selected =
                new float[entries.stream().mapToInt(LoraEntry::elements).sum()];
        int next = 0;
        for (LoraEntry entry : entries) {
            System.arraycopy(vector, entry.offset(), selected, next, entry.elements());
            next += entry.elements();
        }
        return selected;
    }

    @Test
    void attentionByBlocksIsFusedAttention() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);
        MicroBatch longer = MicroBatches.random(5, 97, new int[] {30, 150}, new int[] {180});

        try (TorchScriptProgram fused = open(model, WeightType.FP32, layout, FP32);
                TorchScriptProgram blocks = TorchScriptProgram.open(
                        model, cache, WeightType.FP32, layout, FP32, TrainingOptions.PLAIN, AttentionKernel.BLOCKS)) {
            Pass expected = Pass.of(fused, longer, parameters);
            Pass pass = Pass.of(blocks, longer, parameters);

            assertThat(pass.loss()).isCloseTo(expected.loss(), within(1e-3));
            assertThat(Distances.relative(pass.gradient(), expected.gradient())).isLessThan(5e-6);
        }
    }

    @Test
    void unsupervisedTokensAddNoLoss() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        MicroBatch half = MicroBatches.random(5, 97, new int[] {20});
        Arrays.fill(half.labels(), 0, 10, MicroBatch.IGNORED);
        MicroBatch none = MicroBatches.random(5, 97, new int[] {20});
        Arrays.fill(none.labels(), MicroBatch.IGNORED);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            float[] all = program.logProbabilities(MicroBatches.random(5, 97, new int[] {20}), Branches.BASE);
            double last = 0;
            for (int i = 9; i < all.length; i++) {
                last -= all[i];
            }

            assertThat(program.lossSum(half)).isCloseTo(last, within(1e-4));
            assertThat(Pass.of(program, half, new float[layout.parameterCount()])
                            .loss())
                    .isCloseTo(last, within(1e-4));
            assertThat(Pass.of(program, none, new float[layout.parameterCount()])
                            .gradient())
                    .containsOnly(0);
            assertThat(program.lossSum(none)).isZero();
        }
    }

    @Test
    void baseLossLeavesTheAdapterOut() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            double zero = program.lossSum(PACKED);
            program.load(Adapters.random(layout, 4));

            assertThat(program.baseLossSum(PACKED)).isEqualTo(zero);
            assertThat(program.lossSum(PACKED)).isNotEqualTo(zero);
        }
    }

    @Test
    void widensWeightsStoredInBf16Exactly() {
        RandomLlama rounded = new RandomLlama(RandomLlama.tiny(4, 2, false, Optional.empty()), 3).rounded();
        LoraLayout layout = LoraLayout.uniform(rounded.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);

        try (TorchScriptProgram wide = open(rounded, WeightType.FP32, layout, FP32);
                TorchScriptProgram narrow = open(rounded, WeightType.BF16, layout, FP32)) {
            Pass expected = Pass.of(wide, PACKED, parameters);
            Pass pass = Pass.of(narrow, PACKED, parameters);

            assertThat(pass.loss()).isCloseTo(expected.loss(), within(1e-4));
            assertThat(Distances.relative(pass.gradient(), expected.gradient())).isLessThan(1e-6);
        }
    }

    @Test
    void computesInBf16NearlyAsInFp32() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        float[] parameters = Adapters.random(layout, 4);
        Placement bf16 = new Placement(Device.cpu(), ComputeType.BF16, 1);

        try (TorchScriptProgram exact = open(model, WeightType.FP32, layout, FP32);
                TorchScriptProgram coarse = open(model, WeightType.BF16, layout, bf16)) {
            Pass expected = Pass.of(exact, PACKED, parameters);
            Pass pass = Pass.of(coarse, PACKED, parameters);

            assertThat(pass.loss() / expected.loss()).isCloseTo(1, within(5e-3));
            assertThat(Distances.relative(pass.gradient(), expected.gradient())).isLessThan(0.05);
        }
    }

    @Test
    void leavesNoNativeArraysBehind() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            Pass.of(program, PACKED, new float[layout.parameterCount()]);
            int before = program.openResources();
            for (int i = 0; i < 5; i++) {
                Pass.of(program, PACKED, new float[layout.parameterCount()]);
                program.logProbabilities(PACKED, Branches.ADAPTED);
            }

            assertThat(program.openResources()).isEqualTo(before);
        }
    }

    @Test
    void refusesWhatDoesNotFitTheModel() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            assertThatThrownBy(() -> program.load(new float[3])).hasMessageContaining("but 3 were given");
            assertThatThrownBy(() -> program.lossSum(MicroBatches.random(1, 5000, new int[] {8})))
                    .hasMessageContaining("id must be in [0, 96] but was");
            assertThatThrownBy(() -> program.lossSum(MicroBatches.random(1, 97, new int[] {257})))
                    .hasMessage("a document of 257 tokens is longer than the model's context of 256");
            MicroBatch first = MicroBatches.random(1, 97, new int[] {4, 4});
            first.labels()[4] = 9;
            assertThatThrownBy(() -> program.lossSum(first)).hasMessageContaining("token 4 of a micro-batch");
        }
    }

    @Test
    void refusesAThreadThatDidNotOpenIt() throws InterruptedException {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        LoraLayout layout = LoraLayout.uniform(model.shape(), 2, SCALE, ALL);
        List<Throwable> thrown = new ArrayList<>();

        try (TorchScriptProgram program = open(model, WeightType.FP32, layout, FP32)) {
            Thread other = new Thread(() -> program.lossSum(PACKED), "other");
            other.setUncaughtExceptionHandler((thread, e) -> thrown.add(e));
            other.start();
            other.join();
        }

        assertThat(thrown).singleElement().asString().contains("was called by thread other");
    }

    @Test
    void refusesAGpuWhereLibtorchIsTheProcessors() {
        RandomLlama model = new RandomLlama(RandomLlama.tiny(4, 2, true, Optional.empty()), 3);
        Placement gpu = new Placement(Device.gpu(1), ComputeType.FP32, 1);
        assertThatThrownBy(() -> open(model, WeightType.FP32, dora(model), gpu))
                .isInstanceOf(StageFailure.class)
                .hasMessageStartingWith(
                        "the model is to be computed on GPU 1, but this host's libtorch is the processor's")
                .hasMessageEndingWith("or set base.device to cpu");
    }

    private TorchScriptProgram open(RandomLlama model, WeightType stored, LoraLayout layout, Placement placement) {
        return TorchScriptProgram.open(model, cache, stored, layout, placement);
    }

    /** What one micro-batch gives. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Pass(double loss, float[] gradient) {
        static Pass of(TorchScriptProgram program, MicroBatch batch, float[] parameters, long draw) {
            float[] gradient = new float[parameters.length];
            program.load(parameters);
            return new Pass(program.forwardBackward(batch, draw, gradient), gradient);
        }

        static Pass of(TorchScriptProgram program, MicroBatch batch, float[] parameters) {
            float[] gradient = new float[parameters.length];
            program.load(parameters);
            return new Pass(program.forwardBackward(batch, gradient), gradient);
        }
    }
}
