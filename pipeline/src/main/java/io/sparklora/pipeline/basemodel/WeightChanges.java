package io.sparklora.pipeline.basemodel;

/** Which weights of a model change when it is written again, and how. */
public interface WeightChanges {
    /** Whether a weight changes, by the name that Hugging Face gives it. */
    boolean contains(String weight);

    /**
     * The change of a weight that is contained; asked for when it is the weight's turn to be written.
     *
     * @param unchanged its rows as they are, for a change of rows that depends on others
     */
    RowChange of(BaseTensor weight, Rows unchanged);

    /** A weight's rows as they are stored. Safe for use by many threads. */
    @FunctionalInterface
    interface Rows {
        /**
         * Reads rows.
         *
         * @param firstRow the first one's number, as in {@link RowChange#apply}
         * @param rows how many; with the first at most the weight's
         * @return a new array, row-major
         */
        double[] read(long firstRow, int rows);
    }

    /** The change of one weight. Safe for use by many threads, each with rows of its own. */
    @FunctionalInterface
    interface RowChange {
        /**
         * Changes rows in place; what becomes of a row must not depend on which others come with it.
         *
         * @param firstRow the first one's number, in Hugging Face's order whatever the file's
         * @param rows how many there are
         * @param values row-major from the start on
         */
        void apply(long firstRow, int rows, double[] values);
    }
}
