package io.sparklora.training.collective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/** Ranks as threads whose operations meet in a {@link SimulatedNetwork}; nothing goes through sockets. */
final class SimulatedWorld {
    private static final long STACK_BYTES = 256 << 10;

    private final SimulatedNetwork network;
    private final Call[] calls;
    private final CyclicBarrier together;

    private record Call(Reduction reduction, long step, long[] values) {}

    private SimulatedWorld(int world, SimulatedNetwork network) {
        this.network = network;
        this.calls = new Call[world];
        this.together = new CyclicBarrier(world, this::reduce);
    }

    /** Runs the ranks' work to its end and returns its results in rank order. */
    static <T> List<T> run(int world, SimulatedNetwork network, Ranks.Work<T> work) throws Exception {
        SimulatedWorld simulated = new SimulatedWorld(world, network);
        List<T> results = new ArrayList<>();
        Exception[] failures = new Exception[world];
        List<Thread> threads = new ArrayList<>();
        for (int rank = 0; rank < world; rank++) {
            results.add(null);
            int own = rank;
            threads.add(new Thread(
                    null,
                    () -> {
                        try {
                            T result = work.run(simulated.new Rank(own));
                            synchronized (results) {
                                results.set(own, result);
                            }
                        } catch (Exception e) {
                            failures[own] = e;
                            simulated.together.reset();
                        }
                    },
                    "simulated-rank-" + rank,
                    STACK_BYTES));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        for (Exception failure : failures) {
            if (failure != null && !(failure.getCause() instanceof BrokenBarrierException)) {
                throw failure;
            }
        }
        return results;
    }

    private void reduce() {
        Call first = calls[0];
        if (Arrays.stream(calls)
                .anyMatch(call -> call.reduction() != first.reduction() || call.step() != first.step())) {
            throw new IllegalStateException("the ranks are out of step");
        }
        network.reduce(
                first.reduction(),
                first.step(),
                Arrays.stream(calls).map(Call::values).toList());
    }

    private final class Rank implements Collective {
        private final int rank;

        Rank(int rank) {
            this.rank = rank;
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int world() {
            return calls.length;
        }

        @Override
        public void sum(long step, long[] values) {
            meet(new Call(Reduction.SUM, step, values));
        }

        @Override
        public void max(long step, long[] values) {
            meet(new Call(Reduction.MAX, step, values));
        }

        private void meet(Call call) {
            calls[rank] = call;
            try {
                together.await();
            } catch (InterruptedException | BrokenBarrierException e) {
                throw new IllegalStateException("rank " + rank + " has lost the others", e);
            }
        }

        @Override
        public void close() {}
    }
}
