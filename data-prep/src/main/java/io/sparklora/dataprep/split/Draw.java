package io.sparklora.dataprep.split;

import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataTypes;

/** Numbers that look random and follow from what they are drawn for. */
final class Draw {
    private static final int UNUSED_BITS = 11;
    private static final double UNIT_INTERVAL = 0x1p-53;

    private Draw() {}

    /** A double in [0, 1), the same for equal seed and names. */
    static Column of(long seed, Column... names) {
        Column[] hashed = Stream.concat(Stream.of(lit(seed)), Stream.of(names)).toArray(Column[]::new);
        return shiftrightunsigned(xxhash64(hashed), UNUSED_BITS)
                .cast(DataTypes.DoubleType)
                .multiply(UNIT_INTERVAL);
    }
}
