package io.sparklora.training.collective;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * One of two ranks that sum arrays, some sums a line of standard input, so that a peer's can be run in between:
 * {@code interop/benchmark_ring} drives it. It first says where it listens and its fingerprint, and is then told the
 * same of the other rank; it answers every further line with the mean seconds of a sum by the clock.
 *
 * <p>Arguments: rank, values, sums a line, segment bytes, {@code clear} or {@code tls}.
 */
final class RingBenchmark {
    private static final int WARM_UP = 100;

    private RingBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        Membership me = new Membership("benchmark", 0, 2, Integer.parseInt(arguments[0]));
        long[] values = new Random(me.rank())
                .longs(Integer.parseInt(arguments[1]), -1L << 40, 1L << 40)
                .toArray();
        int sums = Integer.parseInt(arguments[2]);
        RingSettings settings = new RingSettings(
                Integer.parseInt(arguments[3]), RingSettings.DEFAULT.joinTimeout(), RingSettings.DEFAULT.stepTimeout());
        LinkProtection protection = arguments[4].equals("tls") ? PinnedCertificates.create(me) : new ClearText();
        RingEndpoint endpoint =
                RingEndpoint.bind("127.0.0.1", Ranks.place(me), SharedSecret.of("benchmark"), protection, settings);
        System.out.println("ready " + endpoint.address().getPort() + " " + endpoint.fingerprint());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String[] other = lines.readLine().split(" ", -1);
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(other[0]));
        try (Collective collective = Ranks.join(endpoint, new Neighbours(address, other[1], other[1]))) {
            measure(collective, values, WARM_UP);
            System.out.println("joined");
            while (lines.readLine() != null) {
                System.out.println(measure(collective, values, sums));
            }
        }
    }

    /** Mean seconds; each sum is of the same terms, made before the clock starts. */
    private static double measure(Collective collective, long[] values, int sums) {
        long nanos = 0;
        for (int i = 0; i < sums; i++) {
            long[] terms = values.clone();
            collective.max(i, new long[1]);
            long start = System.nanoTime();
            collective.sum(i, terms);
            nanos += System.nanoTime() - start;
        }
        return nanos / 1e9 / sums;
    }
}
