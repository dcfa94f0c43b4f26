package io.sparklora.training.merge;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;

/**
 * An adapter and what it counts for.
 *
 * @param adapter its directory
 * @param weight finite, of either sign
 */
record WeightedAdapter(String adapter, double weight) {
    /**
     * Parses {@code ADAPTER:WEIGHT}; the adapter may hold colons itself.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) where there is no weight, or it is no finite number
     */
    static WeightedAdapter parse(String text) {
        int colon = text.lastIndexOf(':');
        try {
            double weight = Double.parseDouble(text.substring(colon + 1));
            if (colon > 0 && Double.isFinite(weight)) {
                return new WeightedAdapter(text.substring(0, colon), weight);
            }
        } catch (NumberFormatException e) {
            // What is no number is refused as what is no finite one.
        }
        throw new StageFailure(
                ExitCode.USAGE,
                "an adapter must be given as ADAPTER_DIR:WEIGHT, as registry/a/v1:0.7, but was " + text);
    }
}
