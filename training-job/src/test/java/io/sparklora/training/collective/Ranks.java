package io.sparklora.training.collective;

import io.sparklora.training.collective.CollectiveEndpoint.Address;
import io.sparklora.training.collective.RingPlace.Level;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Runs the ranks of a ring as threads of this JVM, over real sockets. */
public final class Ranks {
    private Ranks() {}

    /** Work of one rank. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Collective collective) throws Exception;
    }

    /** Results of all ranks, in rank order; the first rank's failure is thrown. */
    public static <T> List<T> run(int world, Work<T> work) throws Exception {
        return run(world, RingSettings.DEFAULT, work);
    }

    static <T> List<T> run(int world, RingSettings settings, Work<T> work) throws Exception {
        return results(start(world, settings, work));
    }

    static <T> List<T> results(List<Future<T>> futures) throws Exception {
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            try {
                results.add(future.get());
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
        return results;
    }

    static <T> List<Future<T>> start(int world, RingSettings settings, Work<T> work) throws IOException {
        if (world == 1) {
            return submit(List.of(() -> work.run(new SingleRank())));
        }
        List<RingEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < world; rank++) {
            endpoints.add(bind(new Membership("run", 0, world, rank), settings));
        }
        return join(endpoints, work);
    }

    /** Joins endpoints, in rank order, to a ring. */
    static <T> List<Future<T>> join(List<RingEndpoint> endpoints, Work<T> work) {
        int world = endpoints.size();
        List<Callable<T>> ranks = new ArrayList<>();
        for (int rank = 0; rank < world; rank++) {
            RingEndpoint endpoint = endpoints.get(rank);
            RingEndpoint successor = endpoints.get((rank + 1) % world);
            RingEndpoint predecessor = endpoints.get((rank + world - 1) % world);
            Neighbours neighbours =
                    new Neighbours(successor.address(), successor.fingerprint(), predecessor.fingerprint());
            ranks.add(() -> {
                try (Collective collective = join(endpoint, neighbours)) {
                    return work.run(collective);
                }
            });
        }
        return submit(ranks);
    }

    /** Binds and joins the ranks of a topology. */
    static <T> List<Future<T>> start(
            Topology topology, RingSettings settings, Function<Membership, LinkProtection> protection, Work<T> work)
            throws IOException {
        return joinAll(bind(topology, settings, protection), work);
    }

    /** Doors of the ranks of a topology, in rank order. */
    public static List<CollectiveEndpoint> bind(
            Topology topology, RingSettings settings, Function<Membership, LinkProtection> protection)
            throws IOException {
        int world = topology.groups().stream().mapToInt(List::size).sum();
        List<CollectiveEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < world; rank++) {
            Membership me = new Membership("run", 0, world, rank);
            endpoints.add(CollectiveEndpoint.bind(
                    "127.0.0.1", me, topology, SharedSecret.of("secret"), protection.apply(me), settings));
        }
        return endpoints;
    }

    static <T> List<Future<T>> joinAll(List<CollectiveEndpoint> endpoints, Work<T> work) {
        return joinAll(
                endpoints, endpoints.stream().map(CollectiveEndpoint::address).toList(), work);
    }

    /**
     * Joins some ranks, and closes their endpoints in the end as a task does.
     *
     * @param addresses every rank's, in rank order
     */
    public static <T> List<Future<T>> joinAll(
            List<CollectiveEndpoint> endpoints, List<Address> addresses, Work<T> work) {
        List<Callable<T>> ranks = new ArrayList<>();
        for (CollectiveEndpoint endpoint : endpoints) {
            ranks.add(() -> {
                try (endpoint;
                        Collective collective = endpoint.join(addresses)) {
                    return work.run(collective);
                }
            });
        }
        return submit(ranks);
    }

    private static <T> List<Future<T>> submit(List<Callable<T>> ranks) {
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<T>> futures = ranks.stream().map(threads::submit).toList();
        threads.shutdown();
        return futures;
    }

    /** In the ring of all ranks, in the order of their numbers. */
    static RingPlace place(Membership me) {
        return new RingPlace(
                me, Level.ALL, IntStream.range(0, me.world()).boxed().toList());
    }

    /** Neighbours that show no certificates. */
    static Neighbours neighbours(InetSocketAddress successor) {
        return new Neighbours(successor, "", "");
    }

    /** Joins and waits for both neighbours. */
    static RingCollective join(RingEndpoint endpoint, Neighbours neighbours) {
        RingCollective collective = endpoint.open(neighbours);
        collective.awaitJoin();
        return collective;
    }

    static RingEndpoint bind(Membership me, RingSettings settings) throws IOException {
        return bind(me, new ClearText(), settings);
    }

    static RingEndpoint bind(Membership me, LinkProtection protection, RingSettings settings) throws IOException {
        return RingEndpoint.bind("127.0.0.1", place(me), SharedSecret.of("secret"), protection, settings);
    }

    /** The failures of ranks that must all fail. */
    static List<Throwable> failures(List<? extends Future<?>> futures) throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        for (Future<?> future : futures) {
            try {
                future.get();
                throw new AssertionError("a rank did not fail");
            } catch (ExecutionException e) {
                failures.add(e.getCause());
            }
        }
        return failures;
    }
}
