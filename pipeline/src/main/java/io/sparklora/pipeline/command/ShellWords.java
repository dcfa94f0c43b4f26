package io.sparklora.pipeline.command;

import java.util.regex.Pattern;

/** Words as a POSIX shell reads them. */
final class ShellWords {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");
    private static final Pattern SPECIAL_IN_QUOTES = Pattern.compile("[\\\\\"$`]");

    private ShellWords() {}

    /** The word, in single quotes where it needs them. */
    static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** The word in double quotes. */
    static String doubleQuoted(String word) {
        return '"' + SPECIAL_IN_QUOTES.matcher(word).replaceAll("\\\\$0") + '"';
    }
}
