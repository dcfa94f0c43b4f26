package io.sparklora.dataprep.dataset;

import java.nio.ByteBuffer;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * Token ids as bytes, four an id, the highest first. On their way through tables they are one value to Spark, where an
 * array costs a box, a level and a test of its type for each id.
 */
public final class TokenBytes {
    /** Spark's type of them. */
    public static final DataType TYPE = DataTypes.BinaryType;

    private TokenBytes() {}

    /** The bytes of some ids. */
    public static byte[] of(int[] ids) {
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * Integer.BYTES);
        bytes.asIntBuffer().put(ids);
        return bytes.array();
    }

    /** The ids of some bytes. */
    static int[] ids(byte[] bytes) {
        int[] ids = new int[bytes.length / Integer.BYTES];
        ByteBuffer.wrap(bytes).asIntBuffer().get(ids);
        return ids;
    }
}
