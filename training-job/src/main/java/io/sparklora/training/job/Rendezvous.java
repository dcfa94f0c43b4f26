package io.sparklora.training.job;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the ranks of an attempt meet before they train. A rank whose host is cold writes the base's weights for minutes
 * where the others' hosts have them, and Spark's barrier ends an attempt whose ranks come more than
 * {@code spark.barrier.sync.timeout} apart. So a thread of each rank exchanges words with the others', again and again, while the rank
 * itself gets ready: until all are ready, one never will be, or the deadline has passed, which the first rank's
 * clock decides for all.
 */
final class Rendezvous implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);

    /** A 70B model is read and written in less. */
    private static final Duration LONGEST = Duration.ofHours(1);

    /** How long an exchange is put off for a rank that may be ready in a moment; far below the barrier's timeout. */
    private static final Duration ROUND = Duration.ofSeconds(2);

    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private final Function<Word, List<Word>> exchange;
    private final RankCard preparing;
    private final Duration round;
    private final LongSupplier nanoTime;
    private final CompletableFuture<RankCard> arrived = new CompletableFuture<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread daemon = new Thread(work, "rendezvous");
        daemon.setDaemon(true);
        return daemon;
    });
    private final Future<List<RankCard>> met;

    /**
     * What a rank says in an exchange.
     *
     * @param card the rank's
     * @param last whether the ranks are to wait no longer; only the first rank's counts
     */
    record Word(RankCard card, boolean last) {}

    /** Some rank was not ready in time. It may be stuck in native code: only Spark, told by a failed task, can end it. */
    static final class LateException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LateException(String message) {
            super(message);
        }
    }

    private Rendezvous(Function<Word, List<Word>> exchange, RankCard preparing, Duration round, LongSupplier nanoTime) {
        this.exchange = exchange;
        this.preparing = preparing;
        this.round = round;
        this.nanoTime = nanoTime;
        this.met = thread.submit(this::meet);
    }

    /**
     * Begins to speak for a rank that is not ready.
     *
     * @param exchange gives every rank's word, in any order, when all have said theirs
     */
    static Rendezvous begin(Function<Word, List<Word>> exchange, int rank, String executor) {
        return begin(exchange, rank, executor, ROUND, System::nanoTime);
    }

    static Rendezvous begin(
            Function<Word, List<Word>> exchange, int rank, String executor, Duration round, LongSupplier nanoTime) {
        return new Rendezvous(exchange, RankCard.preparing(rank, executor), round, nanoTime);
    }

    /**
     * Says that the rank is ready or never will be, and waits for the others. Where one never will be, some may still be
     * getting ready.
     *
     * @return every rank's card, in rank order
     * @throws LateException that names who was not ready in time
     */
    List<RankCard> arrive(RankCard card) {
        arrived.complete(card);
        List<RankCard> cards;
        try {
            cards = met.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("cancelled while it waited for other ranks");
        }
        if (isAnyPreparing(cards) && cards.stream().noneMatch(RankCard::isFailed)) {
            throw new LateException("rank " + card.rank() + " gave up waiting: not ready after " + LONGEST.toSeconds()
                    + " s: " + late(cards));
        }
        return cards;
    }

    private List<RankCard> meet() throws InterruptedException {
        long begin = nanoTime.getAsLong();
        Duration logged = Duration.ZERO;
        while (true) {
            RankCard own = own();
            Duration waited = Duration.ofNanos(nanoTime.getAsLong() - begin);
            List<Word> words = exchange.apply(new Word(own, waited.compareTo(LONGEST) >= 0)).stream()
                    .sorted(Comparator.comparingInt(word -> word.card().rank()))
                    .toList();
            List<RankCard> cards = words.stream().map(Word::card).toList();
            if (!isAnyPreparing(cards)
                    || cards.stream().anyMatch(RankCard::isFailed)
                    || words.get(0).last()) {
                return cards;
            }
            if (waited.minus(logged).compareTo(LOG_INTERVAL) >= 0) {
                LOG.info("not ready after {} s: {}", waited.toSeconds(), late(cards));
                logged = waited;
            }
        }
    }

    /** What the rank has said by now, or says soon. */
    private RankCard own() throws InterruptedException {
        try {
            return arrived.get(round.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return preparing;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a rank arrives with a card", e);
        }
    }

    private static boolean isAnyPreparing(List<RankCard> cards) {
        return cards.stream().anyMatch(RankCard::isPreparing);
    }

    private static String late(List<RankCard> cards) {
        return cards.stream()
                .filter(RankCard::isPreparing)
                .map(card -> "rank " + card.rank() + " on executor " + card.executor())
                .collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
