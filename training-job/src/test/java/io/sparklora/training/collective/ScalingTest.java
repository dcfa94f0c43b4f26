package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.config.TrainConfig.Order;
import io.sparklora.training.collective.FixedPointSum.BatchSum;
import io.sparklora.training.collective.SimulatedNetwork.Cost;
import io.sparklora.training.collective.SimulatedNetwork.Model;
import io.sparklora.training.data.BatchPlan;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Steps of many ranks: the plan's micro-batches, the fixed-point sum and the rings' own operations over a simulated
 * network, compared bit by bit with one plain sum. {@code bin/scale} prints what they cost, up to 1,024 ranks.
 */
class ScalingTest {
    private static final int PARAMETERS = 4096;
    private static final int STEPS = 3;
    private static final double GIGABIT = 1e9 / 8;

    /** A network of 25 Gbit/s; what the figures stand on is in docs/scaling.md. */
    private static Model model(double gigabits) {
        return new Model(gigabits * GIGABIT, 50e-6, 2.5e9, 20e-6, 1e9);
    }

    private static BatchPlan plan(int world) {
        int sequences = 5 * world + 3;
        return new BatchPlan(sequences, 8, Order.SHUFFLED, 17, 4 * world, 2, STEPS);
    }

    /** What a model might answer: it depends on the sequences alone. */
    private static double forwardBackward(long[] ids, float[] gradient) {
        Random random = new Random(Arrays.hashCode(ids));
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = (random.nextFloat() - 0.5f) * Math.scalb(1f, -random.nextInt(40));
        }
        return random.nextDouble() * 3000;
    }

    private record Step(BatchSum sum, float[] meanGradient) {
        int bits() {
            return 31 * sum.hashCode() + Arrays.hashCode(meanGradient);
        }
    }

    private static List<Integer> train(Collective collective, BatchPlan plan) {
        FixedPointSum sum = new FixedPointSum(PARAMETERS);
        List<Integer> bits = new ArrayList<>();
        for (long step = 0; step < plan.steps(); step++) {
            sum.clear();
            for (long[] ids : plan.microBatches(step, collective.rank(), collective.world())) {
                sum.add(7, gradient -> forwardBackward(ids, gradient));
            }
            float[] mean = new float[PARAMETERS];
            BatchSum total = sum.reduce(collective, step, plan.microBatches(), mean);
            collective.max(step, new long[2]);
            bits.add(new Step(total, mean).bits());
        }
        return bits;
    }

    /** The same steps by arithmetic that knows no ranks, no scale agreed and no bound: exact integers at the same scale. */
    private static List<Integer> plainSums(BatchPlan plan) {
        List<Integer> bits = new ArrayList<>();
        for (long step = 0; step < plan.steps(); step++) {
            List<float[]> gradients = new ArrayList<>();
            double[] losses = new double[plan.microBatches()];
            float largest = 0;
            for (long[] ids : plan.microBatches(step, 0, 1)) {
                float[] gradient = new float[PARAMETERS];
                losses[gradients.size()] = forwardBackward(ids, gradient);
                gradients.add(gradient);
                for (float g : gradient) {
                    largest = Math.max(largest, Math.abs(g));
                }
            }
            int batchBits = BigInteger.valueOf(plan.microBatches() - 1L).bitLength();
            int scale = 62 - batchBits - (Math.getExponent(largest) + 1);
            float[] mean = new float[PARAMETERS];
            long tokens = 7L * plan.microBatches();
            for (int i = 0; i < PARAMETERS; i++) {
                BigInteger sum = BigInteger.ZERO;
                for (float[] gradient : gradients) {
                    sum = sum.add(BigInteger.valueOf((long) Math.rint(Math.scalb((double) gradient[i], scale))));
                }
                mean[i] = (float) (sum.doubleValue() * Math.scalb(1.0, -scale) / tokens);
            }
            long loss = Arrays.stream(losses)
                    .mapToLong(each -> (long) Math.rint(Math.scalb(each, 20)))
                    .sum();
            bits.add(new Step(new BatchSum(true, Math.scalb((double) loss, -20), tokens, scale), mean).bits());
        }
        return bits;
    }

    static Stream<Arguments> worlds() {
        return Stream.of(
                Arguments.of(2, 1, "ring"),
                Arguments.of(3, 1, "ring"),
                Arguments.of(4, 4, "ring"),
                Arguments.of(7, 2, "tree"),
                Arguments.of(16, 1, "tree"),
                Arguments.of(64, 1, "ring"),
                Arguments.of(64, 8, "tree"),
                Arguments.of(64, 1, "tree"));
    }

    private static List<String> hosts(int world, int ranksOfHost) {
        int hosts = (world + ranksOfHost - 1) / ranksOfHost;
        return IntStream.range(0, world)
                .mapToObj(rank -> "host-" + rank % hosts)
                .toList();
    }

    private static Topology topology(String name, List<String> hosts) {
        return switch (name) {
            case "ring" -> Topology.ring(hosts);
            case "tree" -> Topology.tree(hosts);
            default ->
                new Topology(List.of(IntStream.range(0, hosts.size()).boxed().toList()));
        };
    }

    @ParameterizedTest
    @MethodSource("worlds")
    void givesEveryRankTheBitsOfAPlainSum(int world, int ranksOfHost, String topology) throws Exception {
        List<String> hosts = hosts(world, ranksOfHost);
        SimulatedNetwork network = new SimulatedNetwork(topology(topology, hosts), hosts, model(25), 256, 1);
        List<List<Integer>> results = SimulatedWorld.run(world, network, ranks -> train(ranks, plan(world)));
        assertThat(results).hasSize(world).containsOnly(plainSums(plan(world)));
    }

    @Test
    void visitsEachSequenceOnceAnEpochHoweverManyRanks() {
        BatchPlan plan = plan(64);
        List<Long> visited = new ArrayList<>();
        for (long step = 0; step < STEPS; step++) {
            for (int rank = 0; rank < 64; rank++) {
                plan.microBatches(step, rank, 64)
                        .forEach(ids -> Arrays.stream(ids).forEach(visited::add));
            }
        }
        assertThat(visited).hasSize(STEPS * 4 * 64);
        assertThat(visited.stream().distinct()).hasSize(5 * 64 + 3);
    }

    /** The model's own arithmetic, in a case that is done by hand. */
    @Test
    void takesTheTimeOfTheBytesAndTheHops() {
        Model slow = new Model(1e6, 1, 1e6, 1, 1e12);
        SimulatedNetwork network = new SimulatedNetwork(Topology.ring(hosts(2, 1)), hosts(2, 1), slow, 1 << 20, 1);
        network.reduce(Reduction.SUM, 1, List.of(new long[100_000], new long[100_000]));
        // Two hops of half the array and a frame's header each, 1 s of latency each.
        double seconds = 2 * ((Frame.PAYLOAD_AT + 400_000) / 1e6 + 1);
        assertThat(network.cost().seconds()).isCloseTo(seconds, org.assertj.core.api.Assertions.within(1e-6));
        assertThat(network.cost().messages()).isEqualTo(4);
        assertThat(network.cost().hostBytes()).isEqualTo(2 * (Frame.PAYLOAD_AT + 400_000L));
    }

    /** What a step's three reductions cost, and the bits of 1,024 ranks. */
    @Test
    @Tag("scale")
    void printsWhatAStepCosts() throws Exception {
        for (int world : new int[] {256, 1024}) {
            for (String topology : List.of("ring", "tree")) {
                givesEveryRankTheBitsOfAPlainSum(world, 8, topology);
                System.out.printf("%d ranks, 8 a host, %s: the bits of a plain sum%n", world, topology);
            }
        }
        for (int parameters : new int[] {2_442_240, 41_943_040}) {
            System.out.printf(
                    "%n%,d parameters, %.1f MB a sum%n%6s %5s %-6s %6s %9s %9s | %9s %9s %9s | %s%n",
                    parameters,
                    parameters * 8 / 1e6,
                    "ranks",
                    "hosts",
                    "rings",
                    "hops",
                    "messages",
                    "MB a host",
                    "10 GbE ms",
                    "25 GbE ms",
                    "100 GbE ms",
                    "planned");
            for (int ranksOfHost : new int[] {1, 8}) {
                for (int world = 2 * ranksOfHost; world <= 1024; world *= 2) {
                    for (String topology : List.of("dealt", "ring", "tree")) {
                        if (ranksOfHost > 1 || !topology.equals("dealt")) {
                            print(parameters, world, ranksOfHost, topology);
                        }
                    }
                }
            }
        }
    }

    private static void print(int parameters, int world, int ranksOfHost, String name) {
        List<String> hosts = hosts(world, ranksOfHost);
        Topology topology = topology(name, hosts);
        Cost[] costs = IntStream.of(10, 25, 100)
                .mapToObj(gigabits -> step(parameters, topology, hosts, model(gigabits)))
                .toArray(Cost[]::new);
        System.out.printf(
                Locale.ROOT,
                "%6d %5d %-6s %6d %,9d %,9.1f | %9.1f %9.1f %9.1f | %s%n",
                world,
                world / ranksOfHost,
                name,
                topology.hops(),
                costs[0].messages(),
                costs[0].hostBytes() / 1e6,
                costs[0].seconds() * 1e3,
                costs[1].seconds() * 1e3,
                costs[2].seconds() * 1e3,
                Topology.plan(hosts, parameters).equals(topology) ? "*" : "");
    }

    /** One step: the largest magnitude, the gradient's sum, the comparison of adapters. */
    private static Cost step(int parameters, Topology topology, List<String> hosts, Model model) {
        int segmentLongs = RingSettings.DEFAULT.segmentLongs();
        int world = hosts.size();
        // Few enough to simulate, and as many segments as the real array has.
        int length = Math.max(2 * world, parameters / segmentLongs * 8);
        double longsEach = (double) parameters / length;
        SimulatedNetwork network =
                new SimulatedNetwork(topology, hosts, model, (int) Math.max(1, segmentLongs / longsEach), longsEach);
        network.reduce(Reduction.MAX, 1, arrays(world, 1));
        network.reduce(Reduction.SUM, 1, arrays(world, length));
        network.reduce(Reduction.MAX, 1, arrays(world, 2));
        return network.cost();
    }

    private static List<long[]> arrays(int world, int length) {
        return IntStream.range(0, world).mapToObj(rank -> new long[length]).toList();
    }
}
