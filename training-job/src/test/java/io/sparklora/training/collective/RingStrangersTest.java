package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.sparklora.training.collective.Greeting.Hello;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Strangers at the doors of ranks that are in the middle of their sums, in clear text. */
@Timeout(60)
class RingStrangersTest {
    private static final int WORLD = 3;
    private static final int VISITS = 60;
    private static final RingSettings SETTINGS = new RingSettings(64, Duration.ofSeconds(20), Duration.ofSeconds(20));

    /** What a stranger says at the door of a rank. */
    private enum Word {
        GARBAGE {
            @Override
            byte[] bytes(int rank, Random random) {
                byte[] garbage = new byte[500];
                random.nextBytes(garbage);
                return garbage;
            }
        },
        TWO_GIGABYTES {
            @Override
            byte[] bytes(int rank, Random random) {
                return ByteBufUtil.getBytes(Unpooled.buffer()
                        .writeIntLE(Integer.MAX_VALUE)
                        .writeIntLE(~Integer.MAX_VALUE)
                        .writeIntLE(0));
            }
        },
        STALE_ATTEMPT {
            @Override
            byte[] bytes(int rank, Random random) {
                return hello(new Membership("run", 7, WORLD, predecessor(rank)));
            }
        },
        /** It is let as far as the proof, which it does not have. */
        GUESS {
            @Override
            byte[] bytes(int rank, Random random) {
                byte[] guess = new byte[SharedSecret.PROOF_BYTES];
                random.nextBytes(guess);
                ByteBuf words = Unpooled.wrappedBuffer(
                        Unpooled.wrappedBuffer(hello(new Membership("run", 0, WORLD, predecessor(rank)))),
                        Greeting.proof(guess));
                return ByteBufUtil.getBytes(words);
            }
        };

        abstract byte[] bytes(int rank, Random random);

        static int predecessor(int rank) {
            return (rank + WORLD - 1) % WORLD;
        }

        static byte[] hello(Membership claimed) {
            return ByteBufUtil.getBytes(
                    Greeting.frame(Hello.of(Ranks.place(claimed)).bytes()));
        }
    }

    /** The ranks go on until all visits have been made, which each says in the sum itself. */
    @Test
    void areRefusedWhileTheSumsGoOn() throws Exception {
        AtomicInteger visits = new AtomicInteger();
        List<RingEndpoint> doors = new ArrayList<>();
        for (int rank = 0; rank < WORLD; rank++) {
            doors.add(Ranks.bind(new Membership("run", 0, WORLD, rank), SETTINGS));
        }
        List<Future<Long>> ranks = Ranks.join(doors, collective -> {
            long[] values = new long[1000];
            long step = 0;
            for (long ended = 0; ended < WORLD; ended = values[0]) {
                for (int at = 0; at < values.length; at++) {
                    values[at] = step * at + collective.rank();
                }
                values[0] = visits.get() == VISITS ? 1 : 0;
                collective.sum(step, values);
                for (int at = 1; at < values.length; at++) {
                    assertThat(values[at]).isEqualTo(WORLD * step * at + 3);
                }
                step++;
            }
            return step;
        });
        Random random = new Random(11);
        while (visits.get() < VISITS) {
            int rank = visits.get() % WORLD;
            visit(doors.get(rank), Word.values()[random.nextInt(Word.values().length)].bytes(rank, random));
            visits.incrementAndGet();
        }
        assertThat(Ranks.results(ranks)).allMatch(steps -> steps > 1);
    }

    /** Returns when the door has closed. */
    private static void visit(RingEndpoint door, byte[] word) throws IOException {
        try (Socket stranger =
                new Socket(InetAddress.getLoopbackAddress(), door.address().getPort())) {
            stranger.setSoTimeout(10_000);
            stranger.getOutputStream().write(word);
            // A greeting's answer, or less: never a segment.
            assertThat(stranger.getInputStream().readAllBytes()).hasSizeLessThan(600);
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }
}
