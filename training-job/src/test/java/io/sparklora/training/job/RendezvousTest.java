package io.sparklora.training.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.adapter.Arithmetic;
import io.sparklora.pipeline.adapter.ComputeType;
import io.sparklora.pipeline.adapter.DeviceType;
import io.sparklora.training.job.Rendezvous.Word;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ranks in this JVM that meet at a barrier of its own, which is as strict as Spark's: all say a word, or none goes on. */
@Timeout(60)
class RendezvousTest {
    private static final int WORLD = 3;
    private static final int LATE = 2;

    private final Word[] said = new Word[WORLD];
    private final AtomicInteger rounds = new AtomicInteger();
    private final CountDownLatch thirdRound = new CountDownLatch(1);
    private final CyclicBarrier allSaid = new CyclicBarrier(WORLD, () -> {
        if (rounds.incrementAndGet() == 3) {
            thirdRound.countDown();
        }
    });
    private final CyclicBarrier allHeard = new CyclicBarrier(WORLD);
    private final AtomicLong clock = new AtomicLong();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Rendezvous> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(Rendezvous::close);
        threads.shutdownNow();
    }

    private List<Word> exchange(Word own) {
        try {
            said[own.card().rank()] = own;
            allSaid.await();
            List<Word> words = new ArrayList<>(Arrays.asList(said));
            Collections.reverse(words);
            allHeard.await();
            return words;
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new CancellationException("no more words");
        }
    }

    private List<Rendezvous> begin() {
        IntStream.range(0, WORLD)
                .forEach(rank ->
                        open.add(Rendezvous.begin(this::exchange, rank, "e" + rank, Duration.ofMillis(5), clock::get)));
        return open;
    }

    private static RankCard ready(int rank) {
        return new RankCard(
                rank,
                "e" + rank,
                "host",
                List.of(1000 + rank),
                "",
                Optional.of(new Arithmetic(DeviceType.CPU, ComputeType.FP32)),
                "");
    }

    /** Arrives on a thread of its own. */
    private Future<List<RankCard>> arrive(List<Rendezvous> ranks, int rank) {
        return threads.submit(() -> ranks.get(rank).arrive(ready(rank)));
    }

    @Test
    void waitsForARankThatGetsReadyWhenOthersHaveLongBeen() throws Exception {
        List<Rendezvous> ranks = begin();
        Future<List<RankCard>> first = arrive(ranks, 0);
        Future<List<RankCard>> second = arrive(ranks, 1);
        thirdRound.await();
        assertThat(first.isDone()).isFalse();
        assertThat(ranks.get(LATE).arrive(ready(LATE))).containsExactly(ready(0), ready(1), ready(2));
        assertThat(first.get()).isEqualTo(second.get()).containsExactly(ready(0), ready(1), ready(2));
    }

    @Test
    void doesNotWaitWhereARankNeverWillBeReady() throws Exception {
        List<Rendezvous> ranks = begin();
        Future<List<RankCard>> first = arrive(ranks, 0);
        RankCard failed = RankCard.failed(1, "e1", "no such file");
        assertThat(ranks.get(1).arrive(failed)).contains(failed);
        assertThat(first.get()).contains(failed, RankCard.preparing(LATE, "e2"));
    }

    @Test
    void namesTheRankThatIsNotReadyInTime() throws Exception {
        List<Rendezvous> ranks = begin();
        Future<List<RankCard>> first = arrive(ranks, 0);
        thirdRound.await();
        clock.set(Duration.ofHours(1).toNanos());
        assertThatThrownBy(() -> ranks.get(1).arrive(ready(1)))
                .isInstanceOf(Rendezvous.LateException.class)
                .hasMessage("rank 1 gave up waiting: not ready after 3600 s: rank 2 on executor e2");
        assertThatThrownBy(first::get).hasCauseInstanceOf(Rendezvous.LateException.class);
    }
}
