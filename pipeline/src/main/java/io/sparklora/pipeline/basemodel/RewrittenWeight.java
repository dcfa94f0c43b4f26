package io.sparklora.pipeline.basemodel;

import io.sparklora.pipeline.basemodel.WeightChanges.RowChange;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A weight on its way from one file to another: read as floats, changed, rounded once to the type that it is written in,
 * in the order of rows that its file keeps. A few blocks of rows are in memory at a time; they are worked on by as many
 * threads as there are processors, and a row's bytes do not depend on how many those are.
 *
 * @param rows where the weight lies
 * @param type what it is written in, one that {@link Quantiser#writes}
 * @param changes asked for this weight's change if they contain it
 */
record RewrittenWeight(StoredRows rows, ElementType type, WeightChanges changes) implements TensorContent {
    private static final int BLOCK_ELEMENTS = 1 << 18;
    private static final int BLOCKS_AT_A_TIME = 16;
    private static final RowChange NONE = (firstRow, count, values) -> {};

    @Override
    public void writeTo(OutputStream out) throws IOException {
        BaseTensor weight = rows.tensor();
        RowChange change = changes.contains(weight.name()) ? changes.of(weight, this::read) : NONE;
        int blockRows = blockRows();
        long blocks = (weight.rows() + blockRows - 1) / blockRows;
        for (long first = 0; first < blocks; first += BLOCKS_AT_A_TIME) {
            List<byte[]> encoded = LongStream.range(first, Math.min(blocks, first + BLOCKS_AT_A_TIME))
                    .parallel()
                    .mapToObj(block -> encoded(block * blockRows, change))
                    .toList();
            for (byte[] bytes : encoded) {
                out.write(bytes);
            }
        }
    }

    /** Whole heads where the file has an order of its own within them. */
    private int blockRows() {
        int least = Math.max(1, BLOCK_ELEMENTS / rows.tensor().columns());
        int head = rows.order() instanceof RowOrder.Interleaved heads ? heads.headRows() : 1;
        return (least + head - 1) / head * head;
    }

    private byte[] encoded(long firstRow, RowChange change) {
        BaseTensor weight = rows.tensor();
        int columns = weight.columns();
        int count = (int) Math.min(blockRows(), weight.rows() - firstRow);
        double[] values = read(firstRow, count);
        change.apply(firstRow, count, values);
        int rowBytes = (int) type.bytesOf(columns);
        byte[] bytes = new byte[count * rowBytes];
        try {
            for (int row = 0; row < count; row++) {
                Quantiser.encode(type, values, row * columns, columns, bytes, place(row) * rowBytes);
            }
        } catch (IllegalArgumentException e) {
            throw new InvalidBaseModelException(
                    "weight " + weight.name() + " has a value that does not fit: " + e.getMessage(), e);
        }
        return bytes;
    }

    private double[] read(long firstRow, int count) {
        float[] stored = new float[count * rows.tensor().columns()];
        rows.read(firstRow, count, stored);
        double[] values = new double[stored.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = stored[i];
        }
        return values;
    }

    /** Where a block's row is stored within the block. */
    private int place(int row) {
        return rows.order() instanceof RowOrder.Interleaved heads
                ? row - row % heads.headRows() + heads.storedWithinHead(row % heads.headRows())
                : row;
    }
}
