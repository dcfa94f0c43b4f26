package io.sparklora.training.merge;

import io.sparklora.pipeline.basemodel.WeightChanges.RowChange;
import io.sparklora.pipeline.basemodel.WeightChanges.Rows;

/**
 * DoRA's change of a weight: the weights of each output of {@code V = W + scale B A}, multiplied so that their norm is the
 * output's magnitude, {@code m V / ||V||} (Liu et al. 2024, arXiv 2402.09353, equation 5).
 *
 * @param norms m, one an output, in the order of the file's outputs
 * @param sum makes V of W
 */
@SuppressWarnings("ArrayRecordComponent")
record Magnitudes(float[] norms, RowChange sum) {
    private static final int BLOCK_ELEMENTS = 1 << 18;

    /** The change where a stored row is an output. */
    RowChange ofRows() {
        return (firstRow, rows, values) -> {
            sum.apply(firstRow, rows, values);
            int columns = values.length / rows;
            for (int row = 0; row < rows; row++) {
                double squares = 0;
                for (int i = row * columns; i < (row + 1) * columns; i++) {
                    squares += values[i] * values[i];
                }
                double factor = norms[(int) firstRow + row] / Math.sqrt(squares);
                for (int i = row * columns; i < (row + 1) * columns; i++) {
                    values[i] *= factor;
                }
            }
        };
    }

    /**
     * The change where a stored column is an output (Conv1D): its norm takes all rows, which are gone through first.
     *
     * @param rows of the weight
     * @param unchanged W
     */
    RowChange ofColumns(long rows, Rows unchanged) {
        double[] factors = squares(rows, unchanged);
        for (int column = 0; column < factors.length; column++) {
            factors[column] = norms[column] / Math.sqrt(factors[column]);
        }
        return (firstRow, count, values) -> {
            sum.apply(firstRow, count, values);
            for (int i = 0; i < values.length; i++) {
                values[i] *= factors[i % factors.length];
            }
        };
    }

    /** The squared norm of each of V's columns, summed row after row. */
    private double[] squares(long rows, Rows unchanged) {
        double[] squares = new double[norms.length];
        int blockRows = Math.max(1, BLOCK_ELEMENTS / norms.length);
        for (long first = 0; first < rows; first += blockRows) {
            int count = (int) Math.min(blockRows, rows - first);
            double[] values = unchanged.read(first, count);
            sum.apply(first, count, values);
            for (int i = 0; i < values.length; i++) {
                squares[i % squares.length] += values[i] * values[i];
            }
        }
        return squares;
    }
}
