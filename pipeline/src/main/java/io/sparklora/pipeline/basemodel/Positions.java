package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.OptionalInt;

/** How a decoder tells where a token stands. */
public sealed interface Positions {
    /** Queries and keys are turned over the whole head. */
    Positions ROTARY = new Rotary(OptionalInt.empty());

    /**
     * Queries and keys are turned (Su et al. 2021, arXiv 2104.09864).
     *
     * @param size leading elements of each head that are turned, even and at least 2; absent for all
     */
    record Rotary(OptionalInt size) implements Positions {
        /** Checks the size. */
        public Rotary {
            if (size.isPresent() && (size.getAsInt() < 2 || size.getAsInt() % 2 != 0)) {
                throw new IllegalArgumentException(
                        "rotary positions must turn an even number of a head's elements, at least 2, but "
                                + size.getAsInt());
            }
        }
    }

    /** Every position has a row of a second embedding, which is added to the first's (GPT-2). */
    record Learned() implements Positions {}

    /**
     * A head's scores grow with the key's position (ALiBi, Press et al. 2021, arXiv 2108.12409).
     *
     * @param slopes a head each, above 0, before {@code scale}
     * @param scale of slope times position
     * @param rounding how slope times position is rounded before it is scaled
     */
    record Alibi(List<Double> slopes, double scale, Rounding rounding) implements Positions {
        /** Copies the slopes and refuses one that is not above 0. */
        public Alibi {
            slopes = List.copyOf(slopes);
            for (double slope : slopes) {
                if (!(slope > 0 && Double.isFinite(slope))) {
                    throw new IllegalArgumentException("an ALiBi slope must be above 0 but was " + slope);
                }
            }
        }
    }

    /** How slope times position is rounded, which matters for the result. */
    enum Rounding {
        /** Not at all beyond fp32; positions count back from the last token. */
        NONE,
        /** Slope, position and product to bf16 each; positions count from the first token (Falcon). */
        BF16
    }
}
