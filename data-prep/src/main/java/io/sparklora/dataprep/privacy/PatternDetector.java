package io.sparklora.dataprep.privacy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Candidates by a pattern, each checked.
 *
 * @param gate see {@link Detector#gate}
 * @param candidates gives the longest candidate at a place; every quantifier is bounded, so that an attempt costs no more
 *     than a constant
 * @param check the part of a candidate that is a value; empty where none is, then the search goes on one character
 *     further
 */
record PatternDetector(String gate, Pattern candidates, Function<String, Optional<Span>> check) implements Detector {
    @Override
    public List<Span> find(String text) {
        List<Span> found = new ArrayList<>();
        Matcher matcher = candidates.matcher(text);
        int from = 0;
        while (from <= text.length() && matcher.find(from)) {
            int start = matcher.start();
            Optional<Span> value = check.apply(matcher.group());
            value.ifPresent(span -> found.add(new Span(start + span.start(), start + span.end())));
            from = start + value.map(Span::end).orElse(1);
        }
        return found;
    }

    /** A check that takes a candidate whole or not at all. */
    static Function<String, Optional<Span>> whole(java.util.function.Predicate<String> isValue) {
        return candidate -> Optional.of(new Span(0, candidate.length())).filter(span -> isValue.test(candidate));
    }
}
