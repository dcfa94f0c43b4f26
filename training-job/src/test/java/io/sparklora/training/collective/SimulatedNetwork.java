package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.sparklora.training.collective.RingPlace.Level;
import io.sparklora.training.collective.TreeCollective.Phase;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * The ranks of a topology in one thread and in simulated time: real {@link RingOperation}s and real frames, but a model
 * of the network in between. A frame waits for both hosts' network cards, takes its bytes' time on the wire and a
 * latency, and then the receiving rank's one thread takes time to add it up. Ranks of one host talk through its memory.
 */
final class SimulatedNetwork {
    private final List<String> hosts;
    private final Model model;
    private final int segmentLongs;
    private final double longsEach;
    private final List<Rank> ranks = new ArrayList<>();
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparingLong(Event::number));
    private final Map<String, Double> sendFree = new HashMap<>();
    private final Map<String, Double> receiveFree = new HashMap<>();
    private final Map<String, Long> bytesOfHost = new HashMap<>();
    private long eventNumber;
    private long messages;
    private double finished;

    /**
     * What a network and its hosts can do.
     *
     * @param wireBytesPerSecond of a host's network card, each way
     * @param wireLatency seconds from one rank's write to the other's read, between hosts
     * @param memoryBytesPerSecond between two ranks of a host
     * @param memoryLatency seconds within a host
     * @param rankBytesPerSecond that one rank's thread receives, checks, adds and sends on
     */
    record Model(
            double wireBytesPerSecond,
            double wireLatency,
            double memoryBytesPerSecond,
            double memoryLatency,
            double rankBytesPerSecond) {}

    /**
     * What came of the operations so far.
     *
     * @param messages frames sent by all ranks
     * @param hostBytes sent by the host that sent most
     * @param seconds until the last rank had its results, each operation beginning when the one before was done
     */
    record Cost(long messages, long hostBytes, double seconds) {}

    private record Event(double at, long number, Runnable action) {}

    /**
     * A network at rest.
     *
     * @param longsEach how many a simulated long stands for in an operation of more than a few
     */
    SimulatedNetwork(Topology topology, List<String> hosts, Model model, int segmentLongs, double longsEach) {
        this.hosts = hosts;
        this.model = model;
        this.segmentLongs = segmentLongs;
        this.longsEach = longsEach;
        for (int rank = 0; rank < hosts.size(); rank++) {
            ranks.add(new Rank(topology.places(new Membership("run", 0, hosts.size(), rank))));
        }
    }

    /** Reduces the ranks' arrays in place. */
    void reduce(Reduction reduction, long step, List<long[]> values) {
        double began = finished;
        for (int rank = 0; rank < ranks.size(); rank++) {
            ranks.get(rank).begin(reduction, step, values.get(rank), began);
        }
        for (Event event = events.poll(); event != null; event = events.poll()) {
            event.action().run();
        }
        if (ranks.stream().anyMatch(rank -> !rank.script.isEmpty() || rank.operation != null)) {
            throw new IllegalStateException("the ranks wait for each other");
        }
    }

    Cost cost() {
        long most =
                bytesOfHost.values().stream().mapToLong(Long::longValue).max().orElse(0);
        return new Cost(messages, most, finished);
    }

    private void at(double time, Runnable action) {
        events.add(new Event(time, eventNumber++, action));
    }

    /** One rank and its one thread. */
    private final class Rank {
        private final Map<Level, RingPlace> places = new EnumMap<>(Level.class);
        private final Map<Level, ArrayDeque<ByteBuf>> parked = new EnumMap<>(Level.class);
        private final ArrayDeque<Phase> script = new ArrayDeque<>();
        private Reduction reduction = Reduction.SUM;
        private final Map<Level, Long> sequence = new EnumMap<>(Level.class);
        private long step;
        private long[] values = {};
        private RingPlace place;
        private RingOperation operation;
        private double threadFree;

        Rank(List<RingPlace> places) {
            for (RingPlace each : places) {
                this.places.put(each.level(), each);
                parked.put(each.level(), new ArrayDeque<>());
            }
        }

        void begin(Reduction next, long nextStep, long[] array, double time) {
            reduction = next;
            step = nextStep;
            values = array;
            List<Phase> phases = places.containsKey(Level.ALL)
                    ? List.of(new Phase(Level.ALL, Route.ALL_REDUCE))
                    : TreeCollective.PHASES;
            phases.stream().filter(phase -> places.containsKey(phase.level())).forEach(script::add);
            at(time, () -> startNext(time));
        }

        private void startNext(double time) {
            Phase phase = script.poll();
            if (phase == null) {
                finished = Math.max(finished, time);
                return;
            }
            place = places.get(phase.level());
            long number = sequence.merge(phase.level(), 1L, Long::sum);
            operation = new RingOperation(place, phase.route(), reduction, number, step, values, segmentLongs);
            sendOwn(time);
            ArrayDeque<ByteBuf> waiting = parked.get(phase.level());
            while (operation != null && place.level() == phase.level() && !waiting.isEmpty()) {
                take(waiting.remove(), time);
            }
            endIfDone(time);
        }

        private void sendOwn(double time) {
            RingOperation current = operation;
            if (current != null && current.hasOwnSegment()) {
                double sent = send(current.nextOwnSegment(PooledByteBufAllocator.DEFAULT), time);
                at(sent, () -> {
                    if (operation == current) {
                        sendOwn(sent);
                        endIfDone(sent);
                    }
                });
            }
        }

        private double send(ByteBuf frame, double time) {
            int to = place.successor();
            Level level = place.level();
            double bytes = Frame.PAYLOAD_AT + Frame.payloadBytes(frame) * (values.length > 2 ? longsEach : 1);
            String from = hosts.get(place.me().rank());
            boolean inside = from.equals(hosts.get(to));
            String sender = inside ? "memory of rank " + place.me().rank() : from;
            String receiver = inside ? sender : hosts.get(to);
            double begin = Math.max(
                    time, Math.max(sendFree.getOrDefault(sender, 0.0), receiveFree.getOrDefault(receiver, 0.0)));
            double sent = begin + bytes / (inside ? model.memoryBytesPerSecond() : model.wireBytesPerSecond());
            sendFree.put(sender, sent);
            receiveFree.put(receiver, sent);
            messages++;
            if (!inside) {
                bytesOfHost.merge(from, (long) bytes, Long::sum);
            }
            double arrival = sent + (inside ? model.memoryLatency() : model.wireLatency());
            at(arrival, () -> ranks.get(to).arrive(level, frame, bytes, arrival));
            return sent;
        }

        private void arrive(Level level, ByteBuf frame, double bytes, double time) {
            threadFree = Math.max(threadFree, time) + bytes / model.rankBytesPerSecond();
            double added = threadFree;
            at(added, () -> {
                if (operation == null || place.level() != level || Frame.sequence(frame) != operation.sequence()) {
                    parked.get(level).add(frame);
                } else {
                    take(frame, added);
                    endIfDone(added);
                }
            });
        }

        private void take(ByteBuf frame, double time) {
            if (operation.accept(frame)) {
                send(frame, time);
            } else {
                frame.release();
            }
        }

        private void endIfDone(double time) {
            if (operation != null && operation.received() && !operation.hasLeftToSend()) {
                operation = null;
                startNext(time);
            }
        }
    }
}
