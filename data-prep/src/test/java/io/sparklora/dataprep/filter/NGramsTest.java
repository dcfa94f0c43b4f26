package io.sparklora.dataprep.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class NGramsTest {
    /** Few letters without and with spaces: one text in many words, and many n-grams that differ in their bounds. */
    private static String letters(Random random) {
        return random.ints(random.nextInt(120), 0, 6)
                .mapToObj(i -> List.of("a", "1", " ", " ", "\uD83D\uDE00", ".").get(i))
                .collect(Collectors.joining());
    }

    /** Words of which some make an n-gram that is told by its start, others a shorter one; stretches of them come again. */
    private static String stretches(Random random) {
        List<String> words = random.ints(40, 0, 7)
                .mapToObj(i -> List.of("abcd", "bcda", "abcdefgh", "ab", "c", "\uD83D\uDE00d", "1")
                        .get(i))
                .collect(Collectors.toCollection(ArrayList::new));
        for (int repeat = 0; repeat < 4; repeat++) {
            int from = random.nextInt(words.size() - 15);
            words.addAll(List.copyOf(words.subList(from, from + 5 + random.nextInt(11))));
        }
        return String.join(" ", words);
    }

    @Test
    void countsAsANaiveModelDoes() {
        Random random = new Random(5);
        for (int round = 0; round < 800; round++) {
            String text = round % 2 == 0 ? letters(random) : stretches(random);
            List<String> words = words(text);
            NGrams ngrams = new NGrams(Words.of(text));

            for (int n = 2; n <= 4; n++) {
                assertThat(ngrams.charactersOfTop(n)).as(n + " of " + text).isEqualTo(top(words, n));
            }
            for (int n = 5; n <= 10; n++) {
                assertThat(ngrams.charactersOfDuplicates(n))
                        .as(n + " of " + text)
                        .isEqualTo(duplicates(words, n));
            }
        }
    }

    @Test
    void comparesDuplicatesByTheirLettersAlone() {
        assertThat(new NGrams(Words.of("ab c d e f x a bc d e f")).charactersOfDuplicates(5))
                .isEqualTo(6);
        assertThat(new NGrams(Words.of("a b ab a b")).charactersOfTop(2)).isEqualTo(6);
    }

    @Test
    void goesOnToLongerNGramsOnly() {
        NGrams ngrams = new NGrams(Words.of("a b c"));
        ngrams.charactersOfTop(3);

        assertThatThrownBy(() -> ngrams.charactersOfTop(2)).hasMessage("n-grams of 2 words asked for after those of 3");
    }

    private static List<String> words(String text) {
        Words words = Words.of(text);
        return IntStream.range(0, words.count())
                .mapToObj(word -> text.substring(words.start(word), words.end(word)))
                .toList();
    }

    private static int top(List<String> words, int n) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            counts.merge(String.join(" ", words.subList(i, i + n)), 1, Integer::sum);
        }
        int most = counts.values().stream().mapToInt(count -> count).max().orElse(0);
        return counts.entrySet().stream()
                .filter(entry -> entry.getValue() == most)
                .findFirst()
                .map(entry -> length(entry.getKey()) * most)
                .orElse(0);
    }

    private static int duplicates(List<String> words, int n) {
        Set<String> seen = new HashSet<>();
        int characters = 0;
        int i = 0;
        while (i + n <= words.size()) {
            String gram = String.join("", words.subList(i, i + n));
            boolean isNew = seen.add(gram);
            characters += isNew ? 0 : length(gram);
            i += isNew ? 1 : n;
        }
        return characters;
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }
}
