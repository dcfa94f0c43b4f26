package io.sparklora.pipeline.config;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Personal data and secrets: which kinds are looked for, and what is done where one is found. */
public record PrivacyConfig(
        @Key(
                value =
                        "Kinds whose findings are replaced by `<EMAIL>`, `<PHONE>` and so on. Kinds in neither list are "
                                + "not looked for.",
                or = "[]")
        List<Kind> replace,

        @Key(value = "Kinds of which one finding drops the document.", or = "[]")
        List<Kind> drop,

        @Key(
                value = "Regions whose national phone numbers are found, as ISO 3166 codes of two letters; numbers "
                        + "with `+` and a country code are found whatever their region.",
                or = "US")
        List<String> phoneRegions) {
    private static final Set<String> REGIONS = Set.of(Locale.getISOCountries());

    /** Refuses a kind that is in both lists, and a region that is none. */
    public PrivacyConfig {
        replace = List.copyOf(replace);
        drop = List.copyOf(drop);
        phoneRegions = List.copyOf(phoneRegions);
        for (Kind kind : replace) {
            if (drop.contains(kind)) {
                throw new IllegalArgumentException(
                        "names " + Keys.spelled(kind) + " in `replace` and in `drop`; it can be in one of them");
            }
        }
        for (String region : phoneRegions) {
            if (!REGIONS.contains(region)) {
                throw new IllegalArgumentException(
                        "phone-regions must be ISO 3166 codes of two letters, such as US, but one is '" + region + "'");
            }
        }
    }

    /** What is looked for, in the order in which it is looked for: the first kind keeps what several could claim. */
    public enum Kind {
        PRIVATE_KEY,
        API_KEY,
        EMAIL,
        IBAN,
        CARD,
        SSN,
        IP_ADDRESS,
        PHONE;

        /** What stands in the place of a finding, such as {@code <IP_ADDRESS>}. */
        public String placeholder() {
            return "<" + name() + ">";
        }

        /** As configuration, funnel and manifest spell it, such as {@code ip-address}. */
        public String word() {
            return Keys.spelled(this);
        }
    }

    /** What is done with a kind. */
    public enum Action {
        KEEP,
        REPLACE,
        DROP;

        /** As the manifest spells it, such as {@code replace}. */
        public String word() {
            return Keys.spelled(this);
        }
    }

    /** What is done with findings of a kind. */
    public Action action(Kind kind) {
        if (drop.contains(kind)) {
            return Action.DROP;
        }
        return replace.contains(kind) ? Action.REPLACE : Action.KEEP;
    }

    /** Whether anything is looked for. */
    public boolean isOn() {
        return !replace.isEmpty() || !drop.isEmpty();
    }
}
