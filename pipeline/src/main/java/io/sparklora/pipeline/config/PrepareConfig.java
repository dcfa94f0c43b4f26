package io.sparklora.pipeline.config;

/** How the corpus becomes a token dataset; one key a step, in the order of the steps. */
public record PrepareConfig(
        @Key(value = "Whether markup is taken out: `auto` strips documents that look like HTML.", or = "auto")
        Html html,

        @Key(value = "Unicode normal form; whitespace and control characters are normalised with it.", or = "nfc")
        Unicode unicode,

        @Key(value = "Limits on a document's length.", or = "{}")
        Length length,

        @Key(value = "Which duplicates are dropped; `exact` compares the hash of the normalised text.", or = "exact")
        Deduplicate deduplicate,

        @Key(value = "Shares of documents held out, chosen by a stable hash of the text.", or = "{}")
        Split split,

        @Key(value = "Shape of a packed sequence.", or = "{}")
        Sequence sequence,

        @Key(value = "Instruction and chat samples.", or = "{}")
        Samples samples) {
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

    /** Limits on a normalised document's length in Unicode code points. */
    public record Length(
            @Key(value = "Shortest document kept, in characters (code points).", or = "200", min = 1)
            int minCharacters,

            @Key(value = "Longest document kept, in characters (code points).", or = "5000000", min = 1)
            int maxCharacters) {
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

    /** Instruction and chat samples. */
    public record Samples(
            @Key(
                    value = "Largest share of instruction and chat samples that may be unusable before the run fails:"
                            + " longer than a sequence, without a token to learn, or not for the model's template. Up to"
                            + " it they are counted and written to the ledger.",
                    or = "0.05",
                    min = 0,
                    max = 1)
            double unusable) {}

    /** Shape of a packed sequence. */
    public record Sequence(
            @Key(value = "Tokens of a packed sequence.", or = "512", min = 8, max = 1048576)
            int length) {}
}
