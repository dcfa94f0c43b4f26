package io.sparklora.training.collective;

/** How two ranks' elements become one: associative and commutative on integers, so that no order of ranks shows. */
enum Reduction {
    SUM {
        @Override
        boolean merge(long[] values, int at, long[] incoming, int count) {
            // A sum overflowed where both terms have the sign that the result has not; or-ing keeps the loop
            // branch-free.
            long overflow = 0;
            for (int i = 0; i < count; i++) {
                long a = values[at + i];
                long b = incoming[i];
                long s = a + b;
                overflow |= (a ^ s) & (b ^ s);
                values[at + i] = s;
            }
            return overflow >= 0;
        }
    },
    MAX {
        @Override
        boolean merge(long[] values, int at, long[] incoming, int count) {
            for (int i = 0; i < count; i++) {
                values[at + i] = Math.max(values[at + i], incoming[i]);
            }
            return true;
        }
    };

    /** Merges {@code incoming[0, count)} into {@code values} at {@code at}; false if a result left the range. */
    abstract boolean merge(long[] values, int at, long[] incoming, int count);
}
