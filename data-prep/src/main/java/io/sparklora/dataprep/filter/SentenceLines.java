package io.sparklora.dataprep.filter;

import io.sparklora.pipeline.config.FiltersConfig;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The lines of a text that look like sentences, and what {@link C4Quality} drops its document for. Thread-safe. */
final class SentenceLines implements Serializable {
    static final String TEXT = "kept_text";
    static final String SENTENCES = "sentences";
    static final String REMOVED = "removed_lines";
    static final String OFFENCE = "offence";
    /** A value of {@value #OFFENCE}: a line holds filler text. */
    static final String FILLER = "filler";
    /** A value of {@value #OFFENCE}: a line holds code. */
    static final String CODE = "code";

    /**
     * Text and number of sentences of the lines that stay; how many lines do not, but for those of white space; the offence
     * of the first line that has one, or null.
     */
    static final StructType SCHEMA = new StructType()
            .add(TEXT, DataTypes.StringType, false)
            .add(SENTENCES, DataTypes.IntegerType, false)
            .add(REMOVED, DataTypes.IntegerType, false)
            .add(OFFENCE, DataTypes.StringType, true);

    private static final long serialVersionUID = 1L;
    private static final Pattern CITATION = Pattern.compile("\\[\\p{Nd}*\\]|\\[(edit|citation needed)\\]");
    private static final String JAVASCRIPT = "javascript";
    private static final String FILLER_TEXT = "lorem ipsum";
    private static final String BRACKET = "{";
    private static final String DOTS = "...";
    private static final String ENDS_OF_LINE = ".?!\"'";
    private static final String ENDS_OF_SENTENCE = ".?!";
    private static final String CLOSINGS = "\"')]\u2019\u201D";
    private static final List<String> POLICIES =
            List.of("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies");

    private final int minWords;
    private final int maxWordCharacters;
    private final boolean endPunctuation;
    private final boolean removeCitations;
    private final boolean dropScripts;
    private final boolean refuseFiller;
    private final boolean refuseCode;
    private final List<String> unwanted;

    SentenceLines(FiltersConfig.C4 rules) {
        this.minWords = rules.minLineWords();
        this.maxWordCharacters = rules.maxWordCharacters();
        this.endPunctuation = rules.endPunctuation();
        this.removeCitations = rules.removeCitations();
        this.dropScripts = rules.dropJavascriptLines();
        this.refuseFiller = rules.refuseLoremIpsum();
        this.refuseCode = rules.refuseCurlyBrackets();
        this.unwanted = Stream.concat(
                        dropScripts ? Stream.of(JAVASCRIPT) : Stream.empty(),
                        rules.dropPolicyLines() ? POLICIES.stream() : Stream.empty())
                .toList();
    }

    /** As {@link #SCHEMA} says. */
    Row of(String text) {
        List<String> all = Lines.of(text);
        List<String> lines = sentences(all);
        // Few documents name what is looked for: the others' lines are not looked at one by one.
        String lower = lower(String.join("\n", lines));
        Optional<String> offence = isFiller(lower) || isCode(lower)
                ? lines.stream()
                        .map(SentenceLines::lower)
                        .flatMap(line -> offence(line).stream())
                        .findFirst()
                : Optional.empty();
        List<String> kept = isUnwanted(lower)
                ? lines.stream().filter(line -> !isUnwanted(lower(line))).toList()
                : lines;
        int sentences = kept.stream()
                .map(Lines::trimmed)
                .mapToInt(SentenceLines::sentencesOfLine)
                .sum();
        return RowFactory.create(
                Lines.trimmed(String.join("\n", kept)), sentences, written(all) - written(kept), offence.orElse(null));
    }

    /** How many lines are more than white space. */
    private static int written(List<String> lines) {
        return Math.toIntExact(lines.stream()
                .filter(line -> !Lines.trimmedStart(line).isEmpty())
                .count());
    }

    private List<String> sentences(List<String> lines) {
        List<String> sentences = new ArrayList<>();
        for (String line : lines) {
            String stripped = Lines.trimmed(line);
            if (isWordy(stripped)) {
                String plain = removeCitations ? withoutCitations(stripped) : stripped;
                if (!endPunctuation || endsSentence(plain)) {
                    sentences.add(plain);
                }
            }
        }
        return sentences;
    }

    /** Whether a line has words enough between its white space, and none that is too long. */
    private boolean isWordy(String line) {
        int words = 0;
        int length = 0;
        int at = 0;
        while (at < line.length()) {
            int codePoint = line.codePointAt(at);
            if (CharacterKinds.is(codePoint, CharacterKinds.SPACE)) {
                length = 0;
            } else {
                words += length == 0 ? 1 : 0;
                length++;
                if (length > maxWordCharacters) {
                    return false;
                }
            }
            at += Character.charCount(codePoint);
        }
        return words >= minWords;
    }

    private static String withoutCitations(String line) {
        return line.indexOf('[') < 0 ? line : CITATION.matcher(line).replaceAll("");
    }

    private static boolean endsSentence(String line) {
        return !line.isEmpty() && ENDS_OF_LINE.indexOf(line.charAt(line.length() - 1)) >= 0 && !line.endsWith(DOTS);
    }

    /** Sentences of a line that stays: each ends with the line, or before white space. */
    private static int sentencesOfLine(String line) {
        int sentences = 1;
        int at = 0;
        while (at < line.length()) {
            boolean isEnd = ENDS_OF_SENTENCE.indexOf(line.charAt(at)) >= 0;
            at++;
            if (isEnd) {
                while (at < line.length() && CLOSINGS.indexOf(line.charAt(at)) >= 0) {
                    at++;
                }
                sentences += at < line.length() && isSpaceInLine(line.charAt(at)) ? 1 : 0;
            }
        }
        return sentences;
    }

    private static boolean isSpaceInLine(char character) {
        return CharacterKinds.is(character, CharacterKinds.SPACE)
                && !CharacterKinds.is(character, CharacterKinds.LINE_BREAK);
    }

    /** What a line, in lower case, makes its document dropped for: one about scripts is not looked at for code. */
    private Optional<String> offence(String line) {
        if (isFiller(line)) {
            return Optional.of(FILLER);
        }
        boolean isScript = dropScripts && line.contains(JAVASCRIPT);
        return !isScript && isCode(line) ? Optional.of(CODE) : Optional.empty();
    }

    private boolean isFiller(String line) {
        return refuseFiller && line.contains(FILLER_TEXT);
    }

    private boolean isCode(String line) {
        return refuseCode && line.contains(BRACKET);
    }

    /** Whether a line, in lower case, is about scripts or policies. */
    private boolean isUnwanted(String line) {
        return unwanted.stream().anyMatch(line::contains);
    }

    private static String lower(String line) {
        return line.toLowerCase(Locale.ROOT);
    }
}
