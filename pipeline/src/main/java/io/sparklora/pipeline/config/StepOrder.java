package io.sparklora.pipeline.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;

/** Which orders of the movable steps are allowed: each step once, and none before one that it builds on. */
final class StepOrder {
    private static final String SAME_TEXTS = "it changes texts, and those that become the same by it would both stay";

    private static final List<Precedence> PRECEDENCES = List.of(
            new Precedence(
                    MovableStep.RECURRING_LINES,
                    MovableStep.LENGTH,
                    "a text of which every line is taken out would stay and be empty"),
            new Precedence(MovableStep.RECURRING_LINES, MovableStep.DEDUPLICATE, SAME_TEXTS),
            new Precedence(MovableStep.C4_QUALITY, MovableStep.DEDUPLICATE, SAME_TEXTS),
            new Precedence(
                    MovableStep.DEDUPLICATE,
                    MovableStep.SPLIT,
                    "a document and its near-duplicate would be on both sides of the split"),
            new Precedence(
                    MovableStep.SPLIT,
                    MovableStep.PARAGRAPHS,
                    "a document's side of the split follows from its text, and must not change with what others hold"),
            new Precedence(
                    MovableStep.SPLIT,
                    MovableStep.DECONTAMINATE,
                    "only training documents are dropped, and held-out ones may be what they are compared with"));

    private StepOrder() {}

    /**
     * What must come before what.
     *
     * @param reason what would go wrong otherwise
     */
    private record Precedence(MovableStep first, MovableStep second, String reason) {
        boolean isBroken(List<MovableStep> order) {
            return order.indexOf(second) < order.indexOf(first);
        }
    }

    /** @throws IllegalArgumentException where a step is left out or named twice, or comes before one that it builds on */
    static void require(List<MovableStep> order) {
        requireEachOnce(order);
        PRECEDENCES.stream().filter(rule -> rule.isBroken(order)).findFirst().ifPresent(rule -> {
            throw new IllegalArgumentException("order must have " + rule.first().word() + " before "
                    + rule.second().word() + ", but has " + rule.second().word() + " first: " + rule.reason());
        });
    }

    private static void requireEachOnce(List<MovableStep> order) {
        List<String> faults = new ArrayList<>();
        words(step -> Collections.frequency(order, step) > 1).forEach(word -> faults.add("names " + word + " twice"));
        words(step -> !order.contains(step)).forEach(word -> faults.add("leaves out " + word));
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("order must name each of " + String.join(", ", words(step -> true))
                    + " once, but " + String.join(", ", faults));
        }
    }

    private static List<String> words(Predicate<MovableStep> isMeant) {
        return Arrays.stream(MovableStep.values())
                .filter(isMeant)
                .map(MovableStep::word)
                .toList();
    }
}
