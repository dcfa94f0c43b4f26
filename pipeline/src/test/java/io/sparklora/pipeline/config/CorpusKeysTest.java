package io.sparklora.pipeline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.PrivacyConfig.Action;
import io.sparklora.pipeline.config.PrivacyConfig.Kind;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The keys that say what of a corpus is read, and what is taken out of it. */
final class CorpusKeysTest {
    private static final String CORPUS =
            "name: legal\nbase: {model: m.gguf}\ncorpus: {sources: [{format: json, path: c";

    @Test
    void nothingIsLookedForAndNothingIsLeftOutUnlessAKeySaysSo() {
        RunConfig config = parse("}]}");

        assertThat(config.prepare().privacy().isOn()).isFalse();
        assertThat(config.prepare().privacy().action(Kind.EMAIL)).isEqualTo(Action.KEEP);
        assertThat(config.prepare().privacy().phoneRegions()).containsExactly("US");
        assertThat(config.prepare().recurringLines().isOn()).isFalse();
        assertThat(config.corpus().licences().allow()).isEmpty();
        assertThat(config.corpus().emptySources()).isEqualTo(CorpusConfig.EmptySources.REFUSE);
        assertThat(config.corpus().sources().get(0).weight()).isEqualTo(1);
        assertThat(config.corpus().sources().get(0).window().start()).isEmpty();
    }

    @Test
    void readsAWindowInUtcUnlessItNamesAZone() {
        Window window = parse(", window: {column: day, from: 2026-01-31, to: \"2026-02-01T01:00:00+01:00\"}}]}")
                .corpus()
                .sources()
                .get(0)
                .window();

        assertThat(window.start()).contains(Instant.parse("2026-01-31T00:00:00Z"));
        assertThat(window.end()).contains(Instant.parse("2026-02-01T00:00:00Z"));
        assertThat(new Window("day", "2026-01-31T12:30:00", "").start())
                .contains(Instant.parse("2026-01-31T12:30:00Z"));
    }

    @Test
    void saysWhatIsDoneWithEachKind() {
        PrivacyConfig privacy = parse("}]}\nprepare: {privacy: {replace: email, drop: [ssn, api-key]}}")
                .prepare()
                .privacy();

        assertThat(List.of(Kind.EMAIL, Kind.SSN, Kind.API_KEY, Kind.CARD))
                .extracting(privacy::action)
                .containsExactly(Action.REPLACE, Action.DROP, Action.DROP, Action.KEEP);
        assertThat(Kind.IP_ADDRESS.placeholder()).isEqualTo("<IP_ADDRESS>");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            , weight: 0}]}                    | corpus.sources.0 weight must be greater than 0 but was 0.0 (legal.yaml, line 3)
            , weight: -1}]}                   | corpus.sources.0.weight must be in [0, 100] but was -1 (legal.yaml, line 3)
            , language: English}]}            | corpus.sources.0.language must match ([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)? but was 'English' (legal.yaml, line 3)
            , language: xx-BR}]}              | corpus.sources.0 language must begin with a code of ISO 639 such as `en` but was 'xx-BR' (legal.yaml, line 3)
            , window: {column: d}}]}          | corpus.sources.0.window needs `column` together with `from`, `to` or both (legal.yaml, line 3)
            , window: {from: 2026-01-01}}]}   | corpus.sources.0.window needs `column` together with `from`, `to` or both (legal.yaml, line 3)
            , window: {column: d, from: May}}]} | corpus.sources.0.window from must be an ISO 8601 date or timestamp, such as 2026-01-31 or 2026-01-31T12:00:00Z, but was 'May' (legal.yaml, line 3)
            , window: {column: d, from: 2026-02-01, to: 2026-01-01}}]} | corpus.sources.0.window from 2026-02-01 must be before to 2026-01-01 (legal.yaml, line 3)
            }], empty-sources: drop}          | corpus.empty-sources must be one of refuse, allow but was 'drop' (legal.yaml, line 3)
            """)
    void refusesACorpusThatCannotBeMeant(String rest, String message) {
        assertThatThrownBy(() -> parse(rest)).isInstanceOf(StageFailure.class).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            privacy: {replace: [mail]}        | prepare.privacy.replace.0 must be one of private-key, api-key, email, iban, card, ssn, ip-address, phone but was 'mail' (legal.yaml, line 4)
            privacy: {replace: [ssn], drop: [ssn]} | prepare.privacy names ssn in `replace` and in `drop`; it can be in one of them (legal.yaml, line 4)
            privacy: {phone-regions: [UK]}    | prepare.privacy phone-regions must be ISO 3166 codes of two letters, such as US, but one is 'UK' (legal.yaml, line 4)
            recurring-lines: {share: 1.5}     | prepare.recurring-lines.share must be in [0, 1] but was 1.5 (legal.yaml, line 4)
            length: {oversized: cut}          | prepare.length.oversized must be one of drop, split, refuse but was 'cut' (legal.yaml, line 4)
            """)
    void refusesAPreparationThatCannotBeMeant(String key, String message) {
        assertThatThrownBy(() -> parse("}]}\nprepare: {" + key + "}"))
                .isInstanceOf(StageFailure.class)
                .hasMessage(message);
    }

    private static RunConfig parse(String rest) {
        return ConfigFile.parse(CORPUS + rest + "\n", "legal.yaml", List.of()).config();
    }
}
