package io.sparklora.pipeline.basemodel;

/**
 * Where a weight's rows lie in a file, and how to read them as floats.
 *
 * @param tensor the weight as the model names it
 * @param source the file's bytes
 * @param position byte at which the stored tensor starts
 * @param order how the stored tensor keeps its rows
 */
record StoredRows(BaseTensor tensor, ByteSource source, long position, RowOrder order) {
    private static final int CHUNK_BYTES = 1 << 18;

    /**
     * Reads rows as {@link BaseModel#read} promises. Rows are read in stored runs of about a quarter megabyte, so that a
     * thread's buffer stays in its cache.
     */
    void read(long firstRow, int rows, float[] destination) {
        int columns = tensor.columns();
        if (firstRow < 0 || rows < 0 || firstRow > tensor.rows() - rows) {
            throw new IllegalArgumentException("rows " + firstRow + " to " + (firstRow + rows) + " of tensor "
                    + tensor.name() + " must be within its " + tensor.rows() + " rows");
        }
        if ((long) rows * columns > destination.length) {
            throw new IllegalArgumentException("tensor " + tensor.name() + ": " + rows + " rows of " + columns
                    + " values do not fit an array of " + destination.length);
        }
        if (order instanceof RowOrder.Runs runs) {
            readRuns(runs, firstRow * columns, rows * columns, destination);
        } else if (order instanceof RowOrder.Interleaved heads) {
            readReordered(heads, firstRow, rows, destination);
        } else if (order instanceof RowOrder.Transposed transposed) {
            readTransposed(transposed, Math.toIntExact(firstRow), rows, destination);
        }
    }

    private void readRuns(RowOrder.Runs runs, long first, int elements, float[] destination) {
        int done = 0;
        while (done < elements) {
            long element = first + done;
            int count = (int) Math.min(elements - done, runs.run() - element % runs.run());
            readElements(runs.stored(element), count, destination, done);
            done += count;
        }
    }

    /** Each stored row has one element of every wanted row. */
    private void readTransposed(RowOrder.Transposed transposed, int firstRow, int rows, float[] destination) {
        int columns = tensor.columns();
        float[] line = new float[rows];
        for (int column = 0; column < columns; column++) {
            readElements((long) column * transposed.columns() + transposed.first() + firstRow, rows, line, 0);
            for (int row = 0; row < rows; row++) {
                destination[row * columns + column] = line[row];
            }
        }
    }

    /** Reads whole heads, since a head's rows stay within it, and copies the wanted rows from where they are stored. */
    private void readReordered(RowOrder.Interleaved heads, long firstRow, int rows, float[] destination) {
        int columns = tensor.columns();
        int headRows = heads.headRows();
        float[] head = new float[headRows * columns];
        long loaded = -1;
        for (int i = 0; i < rows; i++) {
            long row = firstRow + i;
            if (row / headRows != loaded) {
                loaded = row / headRows;
                readElements(loaded * head.length, head.length, head, 0);
            }
            int stored = heads.storedWithinHead((int) (row % headRows));
            System.arraycopy(head, stored * columns, destination, i * columns, columns);
        }
    }

    /** Elements as they are stored, a plain run of bytes. */
    private void readElements(long first, int elements, float[] destination, int at) {
        ElementType type = tensor.storedAs();
        long firstByte = position + type.bytesOf(first);
        int chunkElements = CHUNK_BYTES / type.blockBytes() * type.blockElements();
        byte[] chunk = new byte[(int) type.bytesOf(Math.min(chunkElements, elements))];
        for (int done = 0; done < elements; done += chunkElements) {
            int count = Math.min(chunkElements, elements - done);
            source.read(firstByte + type.bytesOf(done), chunk, 0, (int) type.bytesOf(count));
            Dequantiser.decode(type, chunk, 0, count, destination, at + done);
        }
    }
}
