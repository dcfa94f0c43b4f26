package io.sparklora.pipeline.basemodel;

/**
 * Where a weight's rows lie in a file, and how to read them as floats.
 *
 * @param tensor the weight as the model names it
 * @param source the file's bytes
 * @param position byte at which its first stored row starts
 * @param order how stored rows map to Hugging Face's
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
        if (order.isAsStored()) {
            readRun(firstRow, rows, destination, 0);
        } else {
            readReordered(firstRow, rows, destination);
        }
    }

    /** Reads whole heads, since a head's rows stay within it, and copies the wanted rows from where they are stored. */
    private void readReordered(long firstRow, int rows, float[] destination) {
        int columns = tensor.columns();
        int headRows = order.headRows();
        float[] head = new float[headRows * columns];
        long loaded = -1;
        for (int i = 0; i < rows; i++) {
            long row = firstRow + i;
            if (row / headRows != loaded) {
                loaded = row / headRows;
                readRun(loaded * headRows, headRows, head, 0);
            }
            int stored = order.storedWithinHead((int) (row % headRows));
            System.arraycopy(head, stored * columns, destination, i * columns, columns);
        }
    }

    /** Rows as they are stored, a plain run of bytes; a row may be longer than a chunk. */
    private void readRun(long firstRow, int rows, float[] destination, int at) {
        ElementType type = tensor.storedAs();
        long firstByte = position + type.bytesOf(firstRow * tensor.columns());
        int elements = rows * tensor.columns();
        int chunkElements = CHUNK_BYTES / type.blockBytes() * type.blockElements();
        byte[] chunk = new byte[(int) type.bytesOf(Math.min(chunkElements, elements))];
        for (int done = 0; done < elements; done += chunkElements) {
            int count = Math.min(chunkElements, elements - done);
            source.read(firstByte + type.bytesOf(done), chunk, 0, (int) type.bytesOf(count));
            Dequantiser.decode(type, chunk, 0, count, destination, at + done);
        }
    }
}
