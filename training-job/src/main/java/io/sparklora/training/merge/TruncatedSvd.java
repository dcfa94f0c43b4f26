package io.sparklora.training.merge;

import io.sparklora.training.merge.Combination.Part;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * The best approximation of given rank of a weighted sum of products (Eckart and Young 1936). The sum is L R with as few
 * columns in L as the ranks make together, so that it is never formed: of L = U1 S1 V1' and R' = U2 S2 V2', the small
 * matrix S1 V1' V2 S2 = U S V' gives the sum as (U1 U) S (U2 V)'.
 */
final class TruncatedSvd {
    private TruncatedSvd() {}

    /** A = V' and B = U S, as PEFT has it; a rank beyond the sum's leaves zeros. */
    static LowRank of(List<Part> parts, int rank) {
        LowRank result = parts.get(0).matrices().zeros(rank);
        SingularValueDecomposition left = new SingularValueDecomposition(left(parts, result.outputs()));
        SingularValueDecomposition right = new SingularValueDecomposition(right(parts, result.inputs()));
        SingularValueDecomposition core = new SingularValueDecomposition(
                left.getS().multiply(left.getVT()).multiply(right.getV()).multiply(right.getS()));
        RealMatrix u = left.getU().multiply(core.getU()).multiply(core.getS());
        RealMatrix v = right.getU().multiply(core.getV());
        int kept = Math.min(rank, core.getSingularValues().length);
        for (int k = 0; k < kept; k++) {
            for (int row = 0; row < result.outputs(); row++) {
                result.b()[row * rank + k] = (float) u.getEntry(row, k);
            }
            for (int column = 0; column < result.inputs(); column++) {
                result.a()[k * result.inputs() + column] = (float) v.getEntry(column, k);
            }
        }
        return result;
    }

    /** Weight * scale * B of each part side by side. */
    private static RealMatrix left(List<Part> parts, int outputs) {
        double[][] rows = new double[outputs][ranks(parts)];
        int from = 0;
        for (Part part : parts) {
            int rank = part.matrices().rank();
            double[] b = part.matrices().scaledB(part.weight());
            for (int row = 0; row < outputs; row++) {
                System.arraycopy(b, row * rank, rows[row], from, rank);
            }
            from += rank;
        }
        return new Array2DRowRealMatrix(rows, false);
    }

    /** A' of each part side by side. */
    private static RealMatrix right(List<Part> parts, int inputs) {
        double[][] rows = new double[inputs][ranks(parts)];
        int from = 0;
        for (Part part : parts) {
            for (int k = 0; k < part.matrices().rank(); k++) {
                for (int input = 0; input < inputs; input++) {
                    rows[input][from + k] = part.matrices().a()[k * inputs + input];
                }
            }
            from += part.matrices().rank();
        }
        return new Array2DRowRealMatrix(rows, false);
    }

    private static int ranks(List<Part> parts) {
        return parts.stream().mapToInt(part -> part.matrices().rank()).sum();
    }
}
