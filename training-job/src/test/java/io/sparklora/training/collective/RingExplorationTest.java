package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Goes through every order in which things can happen to a small ring: ranks connect, greet, begin their operations,
 * send, leave and die, and a stranger knocks. Rings, links and frames are the real ones; only the network in between is
 * this test's, and delivers one message at a time.
 *
 * <p>What a rank does follows from what has happened to it, in its own order. So two orders that look the same to every
 * rank lead to the same state, and one of them is enough: states are told apart by the ranks' histories.
 */
class RingExplorationTest {
    private static final RingSettings SETTINGS = new RingSettings(8, Duration.ofSeconds(5), Duration.ofSeconds(5));
    private static final SharedSecret SECRET = SharedSecret.of("secret");
    private static final int MOST_STATES = 30_000;

    /**
     * What may happen in one exploration.
     *
     * @param world ranks
     * @param operations that each rank begins one after the other
     * @param mortal the rank that may die once, at any moment; -1 for none
     * @param stranger whether someone with another secret connects to rank 0
     */
    private record Scenario(int world, int operations, int mortal, boolean stranger) {}

    /** One end's messages on their way to the other. */
    private static final class Link {
        private final int connector;
        private final int acceptor;
        private final EmbeddedLink client;
        private final EmbeddedLink server;

        Link(int connector, int acceptor, EmbeddedLink client, EmbeddedLink server) {
            this.connector = connector;
            this.acceptor = acceptor;
            this.client = client;
            this.server = server;
        }
    }

    private static final class Node {
        private final Ring ring;
        private final Antechamber antechamber;
        private final List<CompletableFuture<Void>> done = new ArrayList<>();
        private final List<long[]> values = new ArrayList<>();
        private boolean connected;
        private boolean left;
        private boolean dead;

        Node(RingPlace place) {
            ring = new Ring(place, new EmbeddedChannel().eventLoop());
            antechamber = new Antechamber(place);
        }

        @Nullable
        String failure() {
            return done.stream()
                    .filter(CompletableFuture::isCompletedExceptionally)
                    .map(future -> future.handle((none, e) -> String.valueOf(e.getMessage()))
                            .join())
                    .findFirst()
                    .orElseGet(() -> ring.joined().isCompletedExceptionally()
                            ? ring.joined()
                                    .handle((none, e) -> String.valueOf(e.getMessage()))
                                    .join()
                            : null);
        }
    }

    /** The ring after some events. */
    private static final class State {
        private final Scenario scenario;
        private final List<Node> nodes = new ArrayList<>();
        private final List<Link> links = new ArrayList<>();
        private boolean strangerCame;

        State(Scenario scenario) {
            this.scenario = scenario;
            for (int rank = 0; rank < scenario.world(); rank++) {
                nodes.add(new Node(Ranks.place(new Membership("run", 0, scenario.world(), rank))));
            }
        }

        /** Names of what can happen next; a name begins with the ranks that notice. */
        List<String> enabled() {
            List<String> events = new ArrayList<>();
            for (int rank = 0; rank < nodes.size(); rank++) {
                Node node = nodes.get(rank);
                if (node.dead) {
                    continue;
                }
                int successor = (rank + 1) % nodes.size();
                if (!node.connected && !nodes.get(successor).dead) {
                    events.add(rank + "," + successor + " connect " + rank);
                }
                boolean idle = node.done.isEmpty()
                        ? node.ring.joined().isDone()
                        : node.done.get(node.done.size() - 1).isDone();
                boolean ends = node.failure() != null || node.done.size() == scenario.operations();
                if (idle && !ends) {
                    events.add(rank + " begin " + rank);
                }
                if (idle && ends && !node.left) {
                    events.add(rank + " leave " + rank);
                }
                if (scenario.mortal() == rank && !node.left) {
                    events.add(rank + " die " + rank);
                }
            }
            if (scenario.stranger() && !strangerCame) {
                events.add("0 stranger");
            }
            for (int i = 0; i < links.size(); i++) {
                Link link = links.get(i);
                offer(events, i, link.acceptor, "forward", link.client, link.server);
                offer(events, i, link.connector, "back", link.server, link.client);
            }
            return events;
        }

        private void offer(
                List<String> events, int link, int receiver, String way, EmbeddedLink from, EmbeddedLink to) {
            // An end that has said farewell drops what still comes, which changes nothing.
            boolean reads =
                    !to.isOutputShutdown() && to.config().isAutoRead() && (receiver < 0 || !nodes.get(receiver).dead);
            if (reads && (!from.outboundMessages().isEmpty() || !sends(link, from))) {
                events.add(receiver + " " + way + " " + link);
            }
        }

        private boolean sends(int link, EmbeddedLink end) {
            int owner = end == links.get(link).client ? links.get(link).connector : links.get(link).acceptor;
            return !end.isOutputShutdown() && (owner < 0 || !nodes.get(owner).dead);
        }

        void happen(String event) {
            String[] words = event.split(" ");
            if (words[1].equals("stranger")) {
                strangerCame = true;
                Ring outside = new Ring(
                        Ranks.place(new Membership("run", 0, nodes.size(), nodes.size() - 1)),
                        new EmbeddedChannel().eventLoop());
                links.add(link(-1, 0, outside, SharedSecret.of("guess")));
                return;
            }
            int number = Integer.parseInt(words[2]);
            switch (words[1]) {
                case "connect" -> {
                    nodes.get(number).connected = true;
                    links.add(link(number, (number + 1) % nodes.size(), nodes.get(number).ring, SECRET));
                }
                case "begin" -> begin(nodes.get(number));
                case "leave" -> {
                    nodes.get(number).left = true;
                    nodes.get(number).ring.leave(new CompletableFuture<>());
                }
                case "die" -> nodes.get(number).dead = true;
                case "forward" -> deliver(number, links.get(number).client, links.get(number).server);
                default -> deliver(number, links.get(number).server, links.get(number).client);
            }
        }

        private Link link(int connector, int acceptor, Ring ring, SharedSecret secret) {
            Node door = nodes.get(acceptor);
            FrameDecoder decoder = new FrameDecoder();
            EmbeddedLink server = new EmbeddedLink(
                    decoder, new PredecessorLink(door.ring, door.antechamber, SECRET, decoder, SETTINGS));
            EmbeddedLink client = new EmbeddedLink(new FrameDecoder(), new SuccessorLink(ring, secret));
            return new Link(connector, acceptor, client, server);
        }

        /** Frees what is on its way. */
        void release() {
            nodes.forEach(node -> node.ring.leave(new CompletableFuture<>()));
            links.forEach(link -> link.client.releaseOutbound());
            links.forEach(link -> link.server.releaseOutbound());
        }

        private void begin(Node node) {
            int operation = node.done.size();
            long[] values = values(node.ring.place().me().rank(), operation, nodes.size());
            RingOperation next = new RingOperation(
                    node.ring.place(), Route.ALL_REDUCE, Reduction.SUM, operation, operation, values, 1);
            node.values.add(values);
            node.done.add(next.done());
            node.ring.start(next);
        }

        private void deliver(int link, EmbeddedLink from, EmbeddedLink to) {
            ByteBuf message = from.readOutbound();
            if (message != null) {
                to.pipeline().fireChannelRead(message).fireChannelReadComplete();
            } else if (!sends(link, from)) {
                to.close();
            }
        }
    }

    private static long[] values(int rank, int operation, int length) {
        long[] values = new long[length];
        Arrays.setAll(values, i -> 1000L * operation + 100 * rank + i);
        return values;
    }

    private static long[] sum(int operation, int world) {
        long[] sum = new long[world];
        for (int rank = 0; rank < world; rank++) {
            long[] term = values(rank, operation, world);
            Arrays.setAll(sum, i -> sum[i] + term[i]);
        }
        return sum;
    }

    /** Explores all states and returns how many there are; each final one is checked. */
    private static int explore(Scenario scenario) {
        return explore(scenario, List.of());
    }

    /** The states that can follow after {@code begin}. */
    private static int explore(Scenario scenario, List<String> begin) {
        Set<List<String>> seen = new HashSet<>();
        ArrayDeque<List<String>> open = new ArrayDeque<>();
        open.push(begin);
        seen.add(histories(scenario, begin));
        while (!open.isEmpty()) {
            List<String> path = open.pop();
            State state = replay(scenario, path);
            checkSums(state, path);
            List<String> events = state.enabled();
            if (events.stream().allMatch(event -> event.contains(" die "))) {
                checkEnd(state, path);
            }
            state.release();
            for (String event : events) {
                List<String> next = new ArrayList<>(path);
                next.add(event);
                if (seen.add(histories(scenario, next))) {
                    open.push(next);
                }
            }
            assertThat(seen.size()).as("states").isLessThan(MOST_STATES);
        }
        return seen.size();
    }

    /** One order in which all ranks join. */
    private static List<String> joining(Scenario scenario) {
        List<String> path = new ArrayList<>();
        State state = new State(scenario);
        while (state.nodes.stream().anyMatch(node -> !node.ring.joined().isDone())) {
            String event = state.enabled().stream()
                    .filter(name -> name.matches(".* (connect|forward|back) .*"))
                    .findFirst()
                    .orElseThrow();
            state.happen(event);
            path.add(event);
        }
        return path;
    }

    private static State replay(Scenario scenario, List<String> path) {
        State state = new State(scenario);
        path.forEach(state::happen);
        return state;
    }

    /** What has happened to each rank, in its order. Links get their numbers by it, too. */
    private static List<String> histories(Scenario scenario, List<String> path) {
        StringBuilder[] own = new StringBuilder[scenario.world() + 1];
        Arrays.setAll(own, i -> new StringBuilder());
        List<String> links = new ArrayList<>();
        for (String event : path) {
            String[] words = event.split(" ");
            String name = event;
            if (words[1].equals("connect") || words[1].equals("stranger")) {
                links.add(event);
            } else if (words[1].equals("forward") || words[1].equals("back")) {
                name = words[1] + links.get(Integer.parseInt(words[2]));
            }
            for (String rank : words[0].split(",")) {
                int at = Integer.parseInt(rank);
                own[at < 0 ? scenario.world() : at].append(name).append(';');
            }
        }
        return Arrays.stream(own).map(StringBuilder::toString).toList();
    }

    private static void checkSums(State state, List<String> path) {
        for (Node node : state.nodes) {
            for (int operation = 0; operation < node.done.size(); operation++) {
                CompletableFuture<Void> done = node.done.get(operation);
                if (done.isDone() && !done.isCompletedExceptionally()) {
                    assertThat(node.values.get(operation))
                            .as("operation %s of %s after %s", operation, node.ring.place(), path)
                            .isEqualTo(sum(operation, state.nodes.size()));
                }
            }
        }
    }

    /** Nothing can happen any more: nobody waits, and whoever failed knows whose fault it was. */
    private static void checkEnd(State state, List<String> path) {
        boolean died = state.nodes.stream().anyMatch(node -> node.dead);
        for (Node node : state.nodes) {
            if (node.dead) {
                continue;
            }
            String failure = node.failure();
            assertThat(node.left || (died && !node.ring.joined().isDone()))
                    .as("%s waits for ever after %s", node.ring.place(), path)
                    .isTrue();
            if (died && failure != null) {
                assertThat(failure).as("after %s", path).contains("rank " + state.scenario.mortal() + " closed");
            } else {
                assertThat(failure).as("after %s", path).isNull();
            }
        }
    }

    @Test
    void twoRanksMeetAndAddUpWhateverTheOrder() {
        assertThat(explore(new Scenario(2, 1, -1, false))).isGreaterThan(1_000);
    }

    @Test
    @Tag("scale")
    void aStrangerWhoKnocksChangesNothing() {
        Scenario scenario = new Scenario(2, 1, -1, true);
        assertThat(explore(scenario, joining(scenario))).isGreaterThan(100);
    }

    @Test
    void oneRankMayRunAheadByAnOperation() {
        Scenario scenario = new Scenario(2, 2, -1, false);
        assertThat(explore(scenario, joining(scenario))).isGreaterThan(100);
    }

    @Test
    void theOtherLearnsWhoDiedWheneverItDies() {
        Scenario scenario = new Scenario(2, 1, 0, false);
        assertThat(explore(scenario, joining(scenario))).isGreaterThan(100);
    }

    @Test
    @Tag("scale")
    void threeRanksLearnWhoDiedWheneverItDies() {
        Scenario scenario = new Scenario(3, 1, 0, false);
        assertThat(explore(scenario, joining(scenario))).isGreaterThan(1_000);
    }

    /** While they still meet, too. */
    @Test
    @Tag("scale")
    void twoRanksLearnWhoDiedWheneverItDies() {
        assertThat(explore(new Scenario(2, 1, 0, false))).isGreaterThan(1_000);
    }

    @Test
    @Tag("scale")
    void threeRanksAddUpWhateverTheOrder() {
        Scenario scenario = new Scenario(3, 1, -1, false);
        assertThat(explore(scenario, joining(scenario))).isGreaterThan(1_000);
    }
}
