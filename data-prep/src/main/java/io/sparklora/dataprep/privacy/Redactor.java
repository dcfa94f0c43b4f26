package io.sparklora.dataprep.privacy;

import io.sparklora.pipeline.config.PrivacyConfig;
import io.sparklora.pipeline.config.PrivacyConfig.Action;
import io.sparklora.pipeline.config.PrivacyConfig.Kind;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Puts placeholders in the place of what is found, kind by kind in {@link Kind}'s order, so that no value is found twice.
 * Thread-safe; executors get the list of kinds and make the detectors themselves.
 */
final class Redactor implements Serializable {
    private static final long serialVersionUID = 1;

    private final List<Kind> kinds;
    private final List<String> phoneRegions;
    private transient volatile @Nullable List<KindDetector> detectors;

    /** @param config the kinds that are replaced or dropped are looked for */
    Redactor(PrivacyConfig config) {
        this.kinds = new ArrayList<>(Arrays.stream(Kind.values())
                .filter(kind -> config.action(kind) != Action.KEEP)
                .toList());
        this.phoneRegions = new ArrayList<>(config.phoneRegions());
    }

    private record KindDetector(Kind kind, Detector detector) {}

    /**
     * A text without its findings.
     *
     * @param text with placeholders
     * @param values how many were found, by the ordinal of {@link Kind}
     */
    record Redacted(String text, long[] values) {
        /** Whether anything was found. */
        boolean isChanged() {
            return Arrays.stream(values).anyMatch(count -> count > 0);
        }
    }

    /** Patterns of which a text with a finding matches at least one, see {@link Detector#gate}. */
    List<String> gates() {
        return detectors().stream()
                .map(each -> each.detector().gate())
                .distinct()
                .toList();
    }

    Redacted redact(String text) {
        String redacted = text;
        long[] values = new long[Kind.values().length];
        for (KindDetector each : detectors()) {
            List<Span> found = each.detector().find(redacted);
            values[each.kind().ordinal()] += found.size();
            redacted = replaced(redacted, found, each.kind().placeholder());
        }
        return new Redacted(redacted, values);
    }

    private static String replaced(String text, List<Span> found, String placeholder) {
        if (found.isEmpty()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        int from = 0;
        for (Span span : found) {
            out.append(text, from, span.start()).append(placeholder);
            from = span.end();
        }
        return out.append(text, from, text.length()).toString();
    }

    private List<KindDetector> detectors() {
        List<KindDetector> made = detectors;
        if (made == null) {
            made = kinds.stream().flatMap(this::detectorsOf).collect(Collectors.toUnmodifiableList());
            detectors = made;
        }
        return made;
    }

    private Stream<KindDetector> detectorsOf(Kind kind) {
        List<Detector> ofKind =
                switch (kind) {
                    case PRIVATE_KEY -> List.of(new PrivateKeys());
                    case API_KEY -> ApiKeys.detectors();
                    case EMAIL -> List.of(Emails.detector());
                    case IBAN -> List.of(Ibans.detector());
                    case CARD -> List.of(Cards.detector());
                    case SSN -> List.of(SocialSecurityNumbers.detector());
                    case IP_ADDRESS -> IpAddresses.detectors();
                    case PHONE -> PhoneNumbers.detectors(phoneRegions);
                };
        return ofKind.stream().map(detector -> new KindDetector(kind, detector));
    }
}
