package io.sparklora.pipeline.config;

/** How the corpus becomes a token dataset; one key a step, in the order of the steps. */
public record PrepareConfig(
        @Key(value = "Whether markup is taken out: `auto` strips documents that look like HTML.", or = "auto")
        Html html,

        @Key(value = "Unicode normal form; whitespace and control characters are normalised with it.", or = "nfc")
        Unicode unicode,

        @Key(value = "Personal data and secrets; off unless a kind is named.", or = "{}")
        PrivacyConfig privacy,

        @Key(value = "Lines that recur over many documents of a source; kept unless a share is given.", or = "{}")
        RecurringLines recurringLines,

        @Key(value = "Limits on a document's length.", or = "{}")
        Length length,

        @Key(value = "Which duplicates are dropped; `exact` compares the hash of the normalised text.", or = "exact")
        Deduplicate deduplicate,

        @Key(value = "Shares of documents held out, chosen by a stable hash of the text.", or = "{}")
        Split split,

        @Key(value = "Shape of a packed sequence.", or = "{}")
        Sequence sequence) {
    /** Whether markup is taken out. */
    public enum Html {
        AUTO,
        STRIP,
        KEEP
    }

    /** Unicode normal forms. */
    public enum Unicode {
        NFC,
        NFKC,
        NONE
    }

    /** Which duplicates are dropped. */
    public enum Deduplicate {
        EXACT,
        NONE
    }

    /** When a line is taken for boilerplate of its source and removed; texts are compared after normalising. */
    public record RecurringLines(
            @Key(
                    value = "Removes lines that stand in more than this share of a source's different texts; 1 removes "
                            + "none.",
                    or = "1.0",
                    min = 0,
                    max = 1)
            double share,

            @Key(value = "Fewest different texts of a source in which a line must stand.", or = "10", min = 2)
            int documents,

            @Key(value = "Shortest line that is looked at, in characters (code points).", or = "10", min = 1)
            int minCharacters) {
        /** Whether any line can be removed. */
        public boolean isOn() {
            return share < 1;
        }
    }

    /** What happens to a document that is too long. */
    public enum Oversized {
        DROP,
        SPLIT,
        REFUSE
    }

    /** Limits on a normalised document's length in Unicode code points. */
    public record Length(
            @Key(value = "Shortest document kept, in characters (code points).", or = "200", min = 1)
            int minCharacters,

            @Key(value = "Longest document kept, in characters (code points).", or = "5000000", min = 1)
            int maxCharacters,

            @Key(
                    value =
                            "What happens to a longer document: `drop` it, `split` it at paragraphs, lines or words, or "
                                    + "`refuse` the corpus.",
                    or = "drop")
            Oversized oversized) {
        public Length {
            if (minCharacters > maxCharacters) {
                throw new IllegalArgumentException(
                        "min-characters " + minCharacters + " must not exceed max-characters " + maxCharacters);
            }
        }
    }

    /** Shares of documents held out. */
    public record Split(
            @Key(
                    value = "Share of documents in the validation split, which the gate judges by.",
                    or = "0.05",
                    min = 0,
                    max = 0.5)
            double validation,

            @Key(
                    value = "Share of documents in the test split, which nothing here reads.",
                    or = "0.0",
                    min = 0,
                    max = 0.5)
            double test) {}

    /** Shape of a packed sequence. */
    public record Sequence(
            @Key(value = "Tokens of a packed sequence.", or = "512", min = 8, max = 1048576)
            int length) {}
}
