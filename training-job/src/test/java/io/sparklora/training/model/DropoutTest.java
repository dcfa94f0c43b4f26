package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The masks of {@code nn/dropout.py}, by way of {@code dropout_probe.py}. */
final class DropoutTest {
    private static final int ROWS = 200;
    private static final int COLUMNS = 300;
    private static final double SHARE = 0.3;

    @Test
    void dropsItsShareOfEveryRowAndColumn() throws IOException {
        boolean[] mask = mask(17, 3);

        // Five standard errors each.
        assertThat(share(mask, 0, 1, mask.length))
                .isCloseTo(SHARE, within(5 * Math.sqrt(SHARE * (1 - SHARE) / mask.length)));
        for (int row = 0; row < ROWS; row++) {
            assertThat(share(mask, row * COLUMNS, 1, COLUMNS))
                    .isCloseTo(SHARE, within(5 * Math.sqrt(SHARE * (1 - SHARE) / COLUMNS)));
        }
        for (int column = 0; column < COLUMNS; column++) {
            assertThat(share(mask, column, COLUMNS, ROWS))
                    .isCloseTo(SHARE, within(5 * Math.sqrt(SHARE * (1 - SHARE) / ROWS)));
        }
    }

    @Test
    void neighboursAndMasksOfOtherLayersOrDrawsAreIndependent() throws IOException {
        boolean[] mask = mask(17, 3);

        for (boolean[] other : new boolean[][] {mask(17, 4), mask(18, 3), moved(mask, 1), moved(mask, COLUMNS)}) {
            double both = IntStream.range(0, mask.length)
                            .filter(i -> mask[i] && other[i])
                            .count()
                    / (double) mask.length;
            assertThat(both).isCloseTo(SHARE * SHARE, within(5 * Math.sqrt(SHARE * SHARE / mask.length)));
        }
        assertThat(mask(17, 3)).isEqualTo(mask);
    }

    private static boolean[] moved(boolean[] mask, int by) {
        boolean[] moved = new boolean[mask.length];
        for (int i = 0; i < mask.length; i++) {
            moved[i] = mask[(i + by) % mask.length];
        }
        return moved;
    }

    private static double share(boolean[] mask, int first, int stride, int count) {
        return IntStream.range(0, count).filter(i -> mask[first + i * stride]).count() / (double) count;
    }

    private static boolean[] mask(long draw, int number) throws IOException {
        Engine.getEngine("PyTorch");
        ScriptArchive archive = new ScriptArchive()
                .source("", DropoutTest.class, "dropout_probe.py")
                .source("nn.number", TorchScriptProgram.class, "program/nn/number.py")
                .source("nn.dropout", TorchScriptProgram.class, "program/nn/dropout.py")
                .attribute("p", SHARE)
                .attribute("rows", ROWS)
                .attribute("columns", COLUMNS);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            long handle =
                    JniUtils.loadModuleHandle(new ByteArrayInputStream(archive.pack()), Device.cpu(), true, false);
            try (PtSymbolBlock module = new PtSymbolBlock((PtNDManager) manager, handle)) {
                NDList inputs = new NDList(manager.create(new long[] {draw, number}));
                float[] dropped =
                        IValueUtils.forward(module, inputs, true).get(0).toFloatArray();
                boolean[] mask = new boolean[dropped.length];
                for (int i = 0; i < mask.length; i++) {
                    mask[i] = dropped[i] == 1;
                }
                return mask;
            }
        }
    }
}
