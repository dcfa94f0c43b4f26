package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;

/** Finds, among a vocabulary's special tokens, those that end a text or a turn, which metadata often leave out. */
final class EndOfText {
    /** What model families call the token between documents of their pre-training text, the surest first. */
    private static final List<String> BETWEEN_DOCUMENTS = List.of("<|endoftext|>", "<|end_of_text|>", "</s>");

    /** What they call the end of a chat turn, at which generation stops, too. */
    private static final List<String> ENDS_OF_TURN = List.of("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>");

    private EndOfText() {}

    /**
     * Completes what a model states.
     *
     * @param special every special token and its id
     * @param eos the stated end-of-sequence ids
     * @return empty if no id ends a text
     */
    static Optional<SpecialTokens> complete(
            Map<String, Integer> special,
            OptionalInt bos,
            boolean bosByDefault,
            SortedSet<Integer> eos,
            OptionalInt pad) {
        Optional<Integer> between = BETWEEN_DOCUMENTS.stream()
                .filter(special::containsKey)
                .map(special::get)
                .findFirst()
                .or(() -> eos.stream().findFirst());
        if (between.isEmpty()) {
            return Optional.empty();
        }
        TreeSet<Integer> all = new TreeSet<>(eos);
        all.add(between.get());
        ENDS_OF_TURN.stream().filter(special::containsKey).map(special::get).forEach(all::add);
        return Optional.of(new SpecialTokens(bos, bosByDefault, List.copyOf(all), between.get(), pad));
    }
}
