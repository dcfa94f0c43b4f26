package io.sparklora.pipeline.basemodel;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * How steeply a head's scores grow with the key's position (ALiBi, Press et al. 2021, arXiv 2108.12409), as the families
 * choose it where the heads are no power of two (transformers 5.23.0, {@code models/NAME/modeling_NAME.py}).
 */
final class AlibiSlopes {
    private static final double STEEPEST_EXPONENT = 8;

    private AlibiSlopes() {}

    /** Those of the largest power of two not above the heads, then every other one of twice as many (Falcon). */
    static List<Double> falcon(int heads) {
        int power = Integer.highestOneBit(heads);
        List<Double> slopes = new ArrayList<>(geometric(power));
        List<Double> finer = geometric(2 * power);
        for (int i = 0; slopes.size() < heads; i += 2) {
            slopes.add(finer.get(i));
        }
        return slopes;
    }

    /** Those of the smallest power of two not below the heads: every other one from the second, then from the first (MPT). */
    static List<Double> mpt(int heads) {
        int power = Integer.highestOneBit(heads) == heads ? heads : 2 * Integer.highestOneBit(heads);
        List<Double> all = geometric(power);
        if (power == heads) {
            return all;
        }
        return IntStream.concat(
                        IntStream.range(0, power / 2).map(i -> 2 * i + 1),
                        IntStream.range(0, power / 2).map(i -> 2 * i))
                .limit(heads)
                .mapToObj(all::get)
                .toList();
    }

    private static List<Double> geometric(int heads) {
        return DoubleStream.iterate(1, i -> i <= heads, i -> i + 1)
                .map(i -> Math.pow(2, -STEEPEST_EXPONENT * i / heads))
                .boxed()
                .toList();
    }
}
