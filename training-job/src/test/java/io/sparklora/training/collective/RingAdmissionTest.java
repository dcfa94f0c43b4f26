package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.sparklora.training.Warnings;
import io.sparklora.training.collective.CollectiveException.Reason;
import io.sparklora.training.collective.Greeting.Hello;
import io.sparklora.training.collective.RingPlace.Level;
import io.sparklora.training.collective.SharedSecret.Side;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rank 0 of two is real; rank 1 is played by this test, byte by byte. */
class RingAdmissionTest {
    private static final RingSettings SETTINGS = new RingSettings(64, Duration.ofSeconds(20), Duration.ofSeconds(20));
    private static final SharedSecret SECRET = SharedSecret.of("secret");
    private static final Membership PEER = new Membership("run", 3, 2, 1);

    private RingEndpoint endpoint;
    private ServerSocket peerDoor;

    @BeforeEach
    void bind() throws IOException {
        endpoint = Ranks.bind(new Membership("run", 3, 2, 0), SETTINGS);
        peerDoor = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        endpoint.close();
        peerDoor.close();
    }

    @ParameterizedTest
    @CsvSource({"another-run,3,2,1", "run,2,2,1", "run,4,2,1", "run,3,3,1", "run,3,2,0"})
    void refusesAStrangerAndStillTakesThePredecessor(String run, int attempt, int world, int rank) throws Exception {
        try (Socket stranger = connect(new Membership(run, attempt, world, rank))) {
            String refusal = Greeting.readRefusal(readFrame(stranger));
            assertThat(refusal)
                    .contains("it is rank " + rank + " of " + world + " (run " + run + ", attempt " + attempt + ")")
                    .contains("where rank 1 of 2 (run run, attempt 3) at place 1 of 2 in the ring of all belongs");
            assertThat(stranger.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(joinedCollective().world()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource(
            value = Level.class,
            names = {"GROUP", "LEADERS"})
    void refusesThePredecessorOfAnotherRing(Level level) throws Exception {
        try (Socket stranger = open()) {
            Hello hello = Hello.of(new RingPlace(PEER, level, List.of(0, 1)));
            send(stranger, Greeting.frame(hello.bytes()));
            assertThat(Greeting.readRefusal(readFrame(stranger)))
                    .contains("it is " + PEER + " at " + hello.seat() + " where")
                    .contains("in the ring of all belongs");
        }
    }

    @Test
    void refusesAPredecessorThatDoesNotKnowTheSecret() throws Exception {
        Hello hello = Hello.of(Ranks.place(PEER));
        try (Socket impostor = open()) {
            send(impostor, Greeting.frame(hello.bytes()));
            byte[] nonce = Greeting.readWelcome(readFrame(impostor))[0];
            send(impostor, Greeting.proof(SharedSecret.of("guess").prove(Side.CONNECTOR, hello.bytes(), nonce)));
            assertThat(Greeting.readRefusal(readFrame(impostor))).isEqualTo("it does not know the shared secret");
        }
    }

    @Test
    void refusesTheAcceptorsOwnProofReflected() throws Exception {
        try (Socket impostor = connect(PEER)) {
            send(impostor, Greeting.proof(Greeting.readWelcome(readFrame(impostor))[1]));
            assertThat(Greeting.readRefusal(readFrame(impostor))).isEqualTo("it does not know the shared secret");
        }
    }

    @Test
    void refusesAGreetingThatWasRecordedAndIsReplayed() throws Exception {
        byte[] hello = Hello.of(Ranks.place(PEER)).bytes();
        byte[] proof;
        try (Socket admitted = open()) {
            send(admitted, Greeting.frame(hello));
            byte[] nonce = Greeting.readWelcome(readFrame(admitted))[0];
            proof = SECRET.prove(Side.CONNECTOR, hello, nonce);
            send(admitted, Greeting.proof(proof));
        }
        try (Warnings warnings = new Warnings(PredecessorLink.class);
                Socket replay = open()) {
            send(replay, Greeting.frame(hello));
            Greeting.readWelcome(readFrame(replay));
            send(replay, Greeting.proof(proof));
            assertThat(Greeting.readRefusal(readFrame(replay))).isEqualTo("it does not know the shared secret");
            assertThat(warnings.seen())
                    .singleElement()
                    .asString()
                    .contains("rank 0 of 2")
                    .endsWith("refused /127.0.0.1:" + replay.getLocalPort() + ": it does not know the shared secret");
        }
    }

    @Test
    void refusesASecondPredecessor() throws Exception {
        try (Socket first = admitted();
                Socket second = open()) {
            assertThat(first.isConnected()).isTrue();
            prove(second);
            assertThat(Greeting.readRefusal(readFrame(second))).isEqualTo("the predecessor is connected already");
        }
    }

    @Test
    void refusesASuccessorThatDoesNotKnowTheSecret() {
        CompletableFuture.runAsync(() -> {
            try (Socket socket = peerDoor.accept()) {
                Hello hello = Greeting.readHello(readFrame(socket));
                byte[] nonce = SharedSecret.nonce();
                send(
                        socket,
                        Greeting.welcome(nonce, SharedSecret.of("guess").prove(Side.ACCEPTOR, hello.bytes(), nonce)));
                socket.getInputStream().read();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThatThrownBy(() -> Ranks.join(endpoint, peer()))
                .hasMessageContaining("rank 1 does not know the shared secret");
    }

    @Test
    void saysWhyThePeerRefusedThisRank() {
        CompletableFuture.runAsync(() -> {
            try (Socket socket = peerDoor.accept()) {
                readFrame(socket);
                send(socket, Greeting.refusal("stale attempt"));
                socket.getInputStream().read();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThatThrownBy(() -> Ranks.join(endpoint, peer()))
                .hasMessageContaining("rank 1 refused this rank: stale attempt");
    }

    @Test
    void passesOnWhyThePredecessorLeft() throws Exception {
        try (Socket peer = admitted()) {
            Collective collective = join();
            send(peer, Greeting.farewell("rank 7 of 9 has no disk"));
            assertThatThrownBy(() -> collective.sum(9, new long[16]))
                    .hasMessageContaining("rank 0 of 2")
                    .hasMessageContaining("rank 1 left: rank 7 of 9 has no disk");
            assertThat(Greeting.readFarewell(readFrame(peer))).isEqualTo("rank 7 of 9 has no disk");
        }
    }

    @Test
    void boundsAStrangersFrameBeforeAllocatingIt() throws Exception {
        try (Socket stranger = open()) {
            send(
                    stranger,
                    Unpooled.buffer()
                            .writeIntLE(Integer.MAX_VALUE)
                            .writeIntLE(~Integer.MAX_VALUE)
                            .writeIntLE(0));
            assertThat(Greeting.readRefusal(readFrame(stranger)))
                    .isEqualTo("a frame's body must have 4 to 1024 bytes but states 2147483647");
        }
    }

    /** Each connection sends the first bytes of a frame and no more. */
    @Test
    void sendsAwayTheOldestOfTooManyThatDoNotSayWhoTheyAre() throws Exception {
        int tooMany = 150;
        List<Socket> strangers = new ArrayList<>();
        try {
            for (int i = 0; i < Antechamber.MOST + tooMany; i++) {
                Socket stranger = open();
                stranger.getOutputStream().write(new byte[] {40, 0, 0});
                strangers.add(stranger);
            }
            for (Socket stranger : strangers.subList(0, tooMany)) {
                assertThat(isClosed(stranger)).isTrue();
            }
            Socket youngest = strangers.get(strangers.size() - 1);
            youngest.setSoTimeout(1);
            assertThatThrownBy(() -> isClosed(youngest)).isInstanceOf(SocketTimeoutException.class);
            assertThat(joinedCollective().world()).isEqualTo(2);
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    /** By the end of the stream, or a reset where the door had bytes of it left to read. */
    private static boolean isClosed(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    @Test
    void refusesWhoSaysNothingInTime() throws Exception {
        RingSettings impatient = new RingSettings(64, Duration.ofMillis(300), Duration.ofSeconds(20));
        try (RingEndpoint door = Ranks.bind(new Membership("run", 3, 2, 0), impatient);
                Socket stranger = new Socket(
                        InetAddress.getLoopbackAddress(), door.address().getPort())) {
            stranger.getOutputStream().write(new byte[] {40, 0, 0});
            assertThat(Greeting.readRefusal(readFrame(stranger))).isEqualTo("no greeting in 300 ms");
            assertThat(isClosed(stranger)).isTrue();
        }
    }

    @Test
    void failsOnAFrameThatFailsItsChecksum() throws Exception {
        try (Socket peer = admitted()) {
            Collective collective = join();
            ByteBuf segment = segment(8);
            segment.setByte(Frame.PAYLOAD_AT + 11, 1);
            send(peer, segment);
            assertThatThrownBy(() -> collective.sum(9, new long[16]))
                    .hasMessageContaining("rank 1 sent bad data")
                    .hasMessageContaining("fails its checksum")
                    .extracting(e -> ((CollectiveException) e).reason())
                    .isEqualTo(Reason.PROTOCOL);
        }
    }

    @Test
    void failsOnAnOversizedFrame() throws Exception {
        try (Socket peer = admitted()) {
            Collective collective = join();
            send(peer, segment(124));
            assertThatThrownBy(() -> collective.sum(9, new long[248]))
                    .hasMessageContaining("a frame's body must have 4 to 1024 bytes but states 1032");
        }
    }

    @Test
    void failsOnASegmentThatDoesNotBelongThere() throws Exception {
        try (Socket peer = admitted()) {
            Collective collective = join();
            send(peer, segment(8));
            send(peer, segment(8));
            assertThatThrownBy(() -> collective.sum(9, new long[16]))
                    .hasMessageContaining("does not follow segment 0 of 1");
        }
    }

    /** Segment 0 of rank 1's chunk in a sum of 16 values at step 9. */
    private static ByteBuf segment(int longs) {
        ByteBuf frame = Unpooled.buffer(Frame.PAYLOAD_AT + longs * Long.BYTES);
        Frame.writeSegmentHeader(frame, Route.ALL_REDUCE, Reduction.SUM, 0, 9, 2 * longs, 0, longs);
        Frame.setHop(frame, 1);
        return Frame.seal(frame);
    }

    private Collective joinedCollective() throws IOException {
        Socket peer = admitted();
        assertThat(peer.isConnected()).isTrue();
        return join();
    }

    /** Joins with this test as the willing successor. */
    private Collective join() {
        CompletableFuture.runAsync(() -> {
            try {
                Socket socket = peerDoor.accept();
                Hello hello = Greeting.readHello(readFrame(socket));
                byte[] nonce = SharedSecret.nonce();
                send(socket, Greeting.welcome(nonce, SECRET.prove(Side.ACCEPTOR, hello.bytes(), nonce)));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        return Ranks.join(endpoint, peer());
    }

    private Neighbours peer() {
        return Ranks.neighbours((InetSocketAddress) peerDoor.getLocalSocketAddress());
    }

    private Socket admitted() throws IOException {
        Socket peer = open();
        prove(peer);
        return peer;
    }

    private static void prove(Socket peer) throws IOException {
        Hello hello = Hello.of(Ranks.place(PEER));
        send(peer, Greeting.frame(hello.bytes()));
        byte[] nonce = Greeting.readWelcome(readFrame(peer))[0];
        send(peer, Greeting.proof(SECRET.prove(Side.CONNECTOR, hello.bytes(), nonce)));
    }

    private Socket connect(Membership claimed) throws IOException {
        Socket socket = open();
        send(socket, Greeting.frame(Hello.of(Ranks.place(claimed)).bytes()));
        return socket;
    }

    private Socket open() throws IOException {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), endpoint.address().getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void send(Socket socket, ByteBuf frame) throws IOException {
        socket.getOutputStream().write(ByteBufUtil.getBytes(frame));
        socket.getOutputStream().flush();
    }

    private static ByteBuf readFrame(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        ByteBuf frame = Unpooled.buffer();
        frame.writeBytes(in.readNBytes(Frame.PREFIX_BYTES));
        frame.writeBytes(in.readNBytes(frame.getIntLE(0)));
        return frame;
    }
}
