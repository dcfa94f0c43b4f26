package io.sparklora.pipeline.config;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

/** How the corpus becomes a token dataset; one key a step, in the order that the steps have by default. */
public record PrepareConfig(
        @Key(
                value =
                        "Kind of corpus: what it gives to the keys of prepare that are not written here; see docs/presets.md.",
                or = "none")
        Preset preset,

        @Key(
                value =
                        "The steps that can be moved, each once, in the order in which they run; those that are switched off "
                                + "are passed over. See docs/decisions/0034-the-order-of-the-steps-is-a-list.md.",
                or = "[recurring-lines, length, language, gopher-repetition, gopher-quality, c4-quality, "
                        + "fineweb-quality, deduplicate, split, paragraphs, decontaminate]")
        List<MovableStep> order,

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

        @Key(value = "Which languages are kept.", or = "{}") LanguageConfig language,

        @Key(value = "Quality filters.", or = "{}") FiltersConfig filters,

        @Key(
                value =
                        "Which duplicates are dropped; `exact` compares the hash of the normalised text, `near` also finds "
                                + "documents whose words are nearly the same.",
                or = "exact")
        Deduplicate deduplicate,

        @Key(
                value = "How `deduplicate: near` finds near-duplicates: MinHash and locality-sensitive hashing.",
                or = "{}")
        NearDuplicates nearDuplicates,

        @Key(value = "Which documents are held out: shares chosen by a stable hash, or the latest.", or = "{}")
        Split split,

        @Key(value = "Which paragraphs are kept in one document of the corpus only.", or = "{}")
        RepeatedParagraphs repeatedParagraphs,

        @Key(
                value =
                        "Which training documents are dropped since evaluation sets or held-out documents share text with "
                                + "them.",
                or = "{}")
        Decontaminate decontaminate,

        @Key(value = "Shape of a packed sequence.", or = "{}")
        Sequence sequence,

        @Key(value = "Instruction and chat samples.", or = "{}")
        Samples samples,

        @Key(value = "What `statistics.json` and `statistics.html` show of the dataset.", or = "{}")
        Statistics statistics,

        @Key(
                value =
                        "Whether tokens and signatures are kept below the run's directory, so that a corpus that has grown "
                                + "costs what is new in it.",
                or = "true",
                inRunKey = false)
        boolean reuse) {
    /** The key of the evaluation sets. */
    public static final String EVALUATION_SETS = "prepare.decontaminate.evaluation-sets";

    /** Copies the order, and refuses one that leaves a step out or breaks what a later step builds on. */
    public PrepareConfig {
        order = List.copyOf(order);
        StepOrder.require(order);
    }

    /** Kinds of corpus, each with a resource of its own: {@code preset/web.yaml}. */
    public enum Preset {
        NONE,
        WEB,
        BOOKS,
        CODE_DOCS,
        LEGAL,
        CHAT
    }

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
        NEAR,
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

    /** How near-duplicates are found. Two documents of similarity J are compared with probability 1 - (1 - J^rows)^bands. */
    public record NearDuplicates(
            @Key(value = "Words of a shingle.", or = "5", min = 1, max = 100)
            int words,

            @Key(
                    value = "Bands of a signature; more find more of the less similar pairs, and take longer.",
                    or = "14",
                    min = 1,
                    max = 256)
            int bands,

            @Key(value = "Hashes of a band; more compare fewer of the less similar pairs.", or = "8", min = 1, max = 64)
            int rows,

            @Key(
                    value =
                            "Least Jaccard similarity of near-duplicates, estimated by the share of equal hashes; 0 takes "
                                    + "every pair that shares a band.",
                    or = "0.75",
                    min = 0,
                    max = 1)
            double similarity,

            @Key(
                    value =
                            "What is kept of a cluster of near-duplicates: the `survivor`, or `all`, which only holds the "
                                    + "cluster on one side of the split.",
                    or = "survivor")
            Keep keep,

            @Key(
                    value = "Documents that are compared with every other one, word by word, to say how many of their "
                            + "near-duplicates were found; 0 for none.",
                    or = "500",
                    min = 0,
                    max = 10_000)
            int compared) {
        /** What is kept of a cluster. */
        public enum Keep {
            SURVIVOR,
            ALL
        }
    }

    /** Which documents are held out. */
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
            double test,

            @Key(
                    value =
                            "ISO 8601 date or instant (UTC) from which on documents are in the validation split; with it or "
                                    + "`test-from`, time decides and the shares are not used.",
                    or = "''")
            String validationFrom,

            @Key(value = "ISO 8601 date or instant (UTC) from which on documents are in the test split.", or = "''")
            String testFrom) {
        /** Refuses what is no time, and a test split that starts before the validation split. */
        public Split {
            Optional<Instant> validationStart = instant("validation-from", validationFrom);
            Optional<Instant> testStart = instant("test-from", testFrom);
            if (validationStart.isPresent()
                    && testStart.isPresent()
                    && testStart.get().isBefore(validationStart.get())) {
                throw new IllegalArgumentException(
                        "test-from " + testFrom + " must not be before validation-from " + validationFrom);
            }
        }

        /** Whether time decides instead of shares. */
        public boolean isByTime() {
            return validationStart().isPresent() || testStart().isPresent();
        }

        /** Start of the validation split; empty where there is none by time. */
        public Optional<Instant> validationStart() {
            return instant("validation-from", validationFrom);
        }

        /** Start of the test split; empty where there is none by time. */
        public Optional<Instant> testStart() {
            return instant("test-from", testFrom);
        }

        /** Whether a validation split is asked for. */
        public boolean holdsOutValidation() {
            return isByTime() ? validationStart().isPresent() : validation > 0;
        }

        private static Optional<Instant> instant(String key, String text) {
            if (text.isEmpty()) {
                return Optional.empty();
            }
            try {
                return Optional.of(
                        text.indexOf('T') < 0
                                ? LocalDate.parse(text)
                                        .atStartOfDay(ZoneOffset.UTC)
                                        .toInstant()
                                : Instant.parse(text));
            } catch (DateTimeParseException e) {
                throw new IllegalArgumentException(
                        key + " must be a date such as 2025-01-31 or an instant such as 2025-01-31T12:00:00Z but was '"
                                + text + "'",
                        e);
            }
        }
    }

    /** Which paragraphs are kept in one document of the corpus only. */
    public record RepeatedParagraphs(
            @Key(
                    value =
                            "Paragraphs (between blank lines) of at least so many words are kept in one document only; a "
                                    + "document that gets shorter than `length.min-characters` is dropped. 0 keeps all.",
                    or = "0",
                    min = 0)
            int minWords) {}

    /** Which training documents are dropped since others share text with them. */
    public record Decontaminate(
            @Key(value = "Words of an n-gram; a shorter text counts as one n-gram.", or = "13", min = 1, max = 100)
            int words,

            @Key(value = "Different n-grams that a training document must share to be dropped.", or = "1", min = 1)
            int matches,

            @Key(
                    value = "Whether training documents are compared with the validation and test split, too; where "
                            + "documents share boilerplate, this drops most of them.",
                    or = "false")
            boolean heldOut,

            @Key(
                    value = "Texts that training documents must not share: read as the corpus' sources are. Of several "
                            + "text columns the first with a value counts: list a set twice to look for two.",
                    or = "[]")
            List<SourceConfig> evaluationSets) {
        /** Copies the list. */
        public Decontaminate {
            evaluationSets = List.copyOf(evaluationSets);
        }
    }

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

    /** What the statistics show. */
    public record Statistics(
            @Key(
                    value =
                            "Kept documents, and dropped ones of each reason, that are shown with the first 300 characters of "
                                    + "their text; 0 shows no document. Of one that was dropped by `privacy` or before it, no "
                                    + "text is shown.",
                    or = "5",
                    min = 0,
                    max = 100)
            int samples) {}

    /** Shape of a packed sequence. */
    public record Sequence(
            @Key(
                    value = "Tokens of a packed sequence, at most the base model's context.",
                    or = "512",
                    min = 8,
                    max = 1048576)
            int length) {}
}
