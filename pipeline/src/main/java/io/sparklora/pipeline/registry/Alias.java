package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.Storage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * The pointer at the version in production: a list of numbered moves that is only ever appended to. A move takes the
 * number after the last one that its decision was based on, and a number can be taken once: that is the
 * compare-and-swap, on every file system that can create a file exclusively. Thread-safe.
 */
final class Alias {
    private final Storage storage;
    private final RegistryLayout layout;
    private final String name;

    Alias(Storage storage, RegistryLayout layout, String name) {
        this.storage = storage;
        this.layout = layout;
        this.name = name;
    }

    /** Such as {@code champion}. */
    String name() {
        return name;
    }

    /** Every move, the first one first. */
    List<Move> history() {
        List<Move> moves = new ArrayList<>();
        for (FileStatus entry : storage.list(layout.moves())) {
            OptionalInt number = RegistryLayout.moveNumber(entry.getPath().getName());
            if (number.isPresent()) {
                moves.add(read(entry.getPath(), number.getAsInt(), moves.size() + 1));
            }
        }
        return List.copyOf(moves);
    }

    private Move read(Path file, int number, int expected) {
        Move move = Json.parse(Move.class, storage.read(file), file);
        if (number != expected || move.number() != expected) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    file + " must be move " + expected + " of '" + name + "' but says " + move.number());
        }
        return move;
    }

    /** Where it points; empty before the first move. */
    Optional<Move> current() {
        List<Move> moves = history();
        return moves.isEmpty() ? Optional.empty() : Optional.of(moves.get(moves.size() - 1));
    }

    /**
     * Points it at a version, if it still points where the decision found it.
     *
     * @throws StageFailure ({@link ExitCode#PUBLISH_CONFLICT}) where it has moved since; nothing is changed
     */
    Move move(Optional<Move> decidedAt, String version, ContentKey runKey) {
        Move next = new Move(
                decidedAt.map(Move::number).orElse(0) + 1,
                version,
                decidedAt.map(Move::version),
                runKey,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        if (current().equals(decidedAt) && storage.createIfAbsent(layout.move(next.number()), Json.bytes(next))) {
            return next;
        }
        // Another attempt at the same run may have made this very move.
        return current()
                .filter(now -> now.version().equals(version) && now.number() == next.number())
                .orElseThrow(() -> conflict(decidedAt, version));
    }

    private StageFailure conflict(Optional<Move> decidedAt, String version) {
        return new StageFailure(
                ExitCode.PUBLISH_CONFLICT,
                "'" + name + "' of " + layout.root() + " was " + pointed(decidedAt) + " when " + version
                        + " was judged but is " + pointed(current()) + " now: run evaluate again");
    }

    private static String pointed(Optional<Move> move) {
        return move.map(Move::version).orElse("unset");
    }
}
