package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.FamilyNames.Orientation;
import io.sparklora.pipeline.basemodel.WeightChanges;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * An adapter as a change of its base's weights: {@code W + scale B A} (Hu et al. 2021, arXiv 2106.09685, section 4.2), of
 * which DoRA makes outputs of other norms ({@link Magnitudes}), in binary64 from the stored weight to what becomes of it.
 *
 * @param adapter what is added
 * @param orientation which features are the rows of the files' matrices
 */
record FusedAdapter(AdapterMatrices adapter, Orientation orientation) implements WeightChanges {
    private static final String WEIGHT = ".weight";

    /**
     * Holds the adapter against the files that it is to be fused into.
     *
     * @param weights the files'
     * @param model what messages call it
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where a module's weight is not there as one matrix of B A's sizes
     */
    void check(List<BaseTensor> weights, String model) {
        Map<String, BaseTensor> byName =
                weights.stream().collect(Collectors.toMap(BaseTensor::name, Function.identity()));
        for (String module : adapter.modules()) {
            LowRank matrices = adapter.matrices(module);
            BaseTensor weight = Optional.ofNullable(byName.get(module + WEIGHT))
                    .orElseThrow(() -> new StageFailure(
                            ExitCode.MISMATCH, model + " has no tensor " + module + WEIGHT + " to merge into"));
            boolean turned = orientation == Orientation.INPUT_ROWS;
            int rows = turned ? matrices.inputs() : matrices.outputs();
            int columns = turned ? matrices.outputs() : matrices.inputs();
            if (weight.rows() != rows || weight.columns() != columns) {
                throw new StageFailure(
                        ExitCode.MISMATCH,
                        model + " stores " + weight.name() + " as [" + weight.rows() + ", " + weight.columns()
                                + "] but merging needs [" + rows + ", " + columns + "]");
            }
        }
    }

    private static String module(String weight) {
        return weight.substring(0, weight.length() - WEIGHT.length());
    }

    @Override
    public boolean contains(String weight) {
        return weight.endsWith(WEIGHT) && adapter.modules().contains(module(weight));
    }

    @Override
    public RowChange of(BaseTensor weight, Rows unchanged) {
        String module = module(weight.name());
        RowChange sum = sum(weight, adapter.matrices(module));
        Optional<Magnitudes> magnitudes = adapter.magnitudes(module).map(norms -> new Magnitudes(norms, sum));
        return switch (orientation) {
            case OUTPUT_ROWS -> magnitudes.map(Magnitudes::ofRows).orElse(sum);
            case INPUT_ROWS ->
                magnitudes
                        .map(norms -> norms.ofColumns(weight.rows(), unchanged))
                        .orElse(sum);
        };
    }

    private RowChange sum(BaseTensor weight, LowRank matrices) {
        int rank = matrices.rank();
        double[] b = matrices.scaledB(1);
        double[] a = matrices.wideA();
        return switch (orientation) {
            case OUTPUT_ROWS -> new Sum(rank, weight.columns(), b, a);
            case INPUT_ROWS -> new Sum(rank, weight.columns(), turned(a, rank), turned(b, matrices.outputs()));
        };
    }

    /** The transpose of a matrix of so many rows. */
    private static double[] turned(double[] values, int rows) {
        int columns = values.length / rows;
        double[] turned = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            turned[i % columns * rows + i / columns] = values[i];
        }
        return turned;
    }

    /** Adds B A, or its transpose, to rows, a stretch of columns at a time, so that the stretch of A stays in the processor's cache. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Sum(int rank, int columns, double[] b, double[] a) implements RowChange {
        private static final int STRETCH = 512;

        @Override
        public void apply(long firstRow, int rows, double[] values) {
            for (int from = 0; from < columns; from += STRETCH) {
                int count = Math.min(STRETCH, columns - from);
                for (int row = 0; row < rows; row++) {
                    for (int k = 0; k < rank; k++) {
                        add(
                                b[(int) (firstRow + row) * rank + k],
                                k * columns + from,
                                row * columns + from,
                                count,
                                values);
                    }
                }
            }
        }

        private void add(double factor, int fromA, int from, int count, double[] values) {
            for (int i = 0; i < count; i++) {
                values[from + i] += factor * a[fromA + i];
            }
        }
    }
}
