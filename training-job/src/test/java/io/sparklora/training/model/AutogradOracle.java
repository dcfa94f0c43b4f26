package io.sparklora.training.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.LoraModules;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.DecoderVariant;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraLayout;
import io.sparklora.training.lora.LoraMatrix;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Loss and gradient by {@code oracle.py} and PyTorch's autograd, over the same cached weights in fp32. */
final class AutogradOracle {
    /** What one pass gives. */
    @SuppressWarnings("ArrayRecordComponent")
    record Result(double lossSum, float[] gradient) {}

    private final BaseWeights weights;
    private final LoraLayout layout;

    AutogradOracle(BaseWeights weights, LoraLayout layout) {
        this.weights = weights;
        this.layout = layout;
    }

    Result run(MicroBatch batch, float[] parameters) {
        Engine.getEngine("PyTorch");
        JniUtils.setGraphExecutorOptimize(false);
        JniUtils.setGradMode(true);
        ProgramInput input = ProgramInput.of(batch, weights.shape());
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                PtSymbolBlock module = load((PtNDManager) manager)) {
            float[] rounded = rounded(DoubleStream.concat(
                            DoubleStream.of(weights.shape().inverseFrequencies()),
                            weights.shape()
                                    .windowInverseFrequencies()
                                    .map(DoubleStream::of)
                                    .orElse(DoubleStream.empty()))
                    .toArray());
            NDList inputs = new NDList(
                    manager.create(input.ids()),
                    manager.create(input.documents()),
                    manager.create(input.rows()),
                    manager.create(input.targets()),
                    manager.create(floats(weights.linearFile())),
                    manager.create(floats(weights.normFile())),
                    manager.create(rounded),
                    manager.create(parameters),
                    manager.create(scales()));
            NDList results = IValueUtils.forward(module, inputs, true);
            NDArray gradient = results.get(1);
            return new Result(results.get(0).toFloatArray()[0], gradient.toFloatArray());
        }
    }

    private static float[] rounded(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) values[i];
        }
        return rounded;
    }

    private PtSymbolBlock load(PtNDManager manager) {
        DecoderShape shape = weights.shape();
        DecoderVariant variant = shape.variant();
        List<Integer> windows =
                IntStream.range(0, shape.layers()).mapToObj(variant::window).toList();
        ScriptArchive archive = new ScriptArchive()
                .source("", AutogradOracle.class, "oracle.py")
                .attribute("hidden", shape.hiddenSize())
                .attribute("inner", shape.intermediateSize())
                .attribute("layers", shape.layers())
                .attribute("heads", shape.attentionHeads())
                .attribute("kv_heads", shape.keyValueHeads())
                .attribute("size", shape.headSize())
                .attribute("vocabulary", shape.vocabularySize())
                .attribute("eps", shape.normEpsilon())
                .attribute("attention_scale", shape.attentionScale())
                .attribute("embedding_scale", variant.multipliers().embedding())
                .attribute("multiplier", variant.multipliers().residual())
                .attribute("logit_scale", variant.multipliers().logits())
                .attribute("logit_cap", variant.softCaps().logits())
                .attribute("attention_cap", variant.softCaps().attention())
                .attribute("norm_offset", variant.normOffset())
                .attribute("gelu", variant.activation() == DecoderVariant.Activation.GELU_TANH ? 1 : 0)
                .attribute("windows", windows)
                .attribute(
                        "tables",
                        windows.stream()
                                .map(window ->
                                        window > 0 && variant.windowRopeTheta().isPresent() ? 1 : 0)
                                .toList())
                .attribute("vectors", BlockVectors.of(shape).elements())
                .attribute(
                        "offsets",
                        weights.plan().offsets().stream().map(Math::toIntExact).toList())
                .attribute("places", places())
                .attribute("ranks", ranks());
        try {
            long handle =
                    JniUtils.loadModuleHandle(new ByteArrayInputStream(archive.pack()), Device.cpu(), true, false);
            return new PtSymbolBlock(manager, handle);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Integer> places() {
        List<Integer> places =
                new ArrayList<>(Collections.nCopies(14 * weights.shape().layers(), -1));
        for (LoraEntry entry : layout.entries()) {
            int matrix = entry.matrix() == LoraMatrix.A ? 0 : 7;
            places.set(14 * entry.branch().layer() + matrix + indexOf(entry.branch()), entry.offset());
        }
        return places;
    }

    private List<Integer> ranks() {
        List<Integer> ranks =
                new ArrayList<>(Collections.nCopies(7 * weights.shape().layers(), 0));
        layout.branches().forEach(branch -> ranks.set(7 * branch.layer() + indexOf(branch), branch.rank()));
        return ranks;
    }

    private float[] scales() {
        float[] scales = new float[7 * weights.shape().layers()];
        layout.branches().forEach(branch -> scales[7 * branch.layer() + indexOf(branch)] = (float) branch.scale());
        return scales;
    }

    private int indexOf(LoraBranch branch) {
        return LoraModules.of(weights.shape()).modules().indexOf(branch.module());
    }

    private static float[] floats(Path file) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            float[] values = new float[bytes.remaining() / Float.BYTES];
            bytes.asFloatBuffer().get(values);
            return values;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
