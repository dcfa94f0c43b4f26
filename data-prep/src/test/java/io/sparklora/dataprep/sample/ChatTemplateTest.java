package io.sparklora.dataprep.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.dataprep.sample.ChatGoldens.Golden;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ChatTemplateTest {
    private static final Conversation HELLO = Conversation.of("Hello", "Hello.");

    static List<Golden> goldens() {
        return ChatGoldens.all();
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void rendersLikeTransformers(Golden golden) {
        try (ChatTemplate template = new ChatTemplate(golden.format())) {
            Conversation conversation = conversation(golden);
            if (golden.rendered().isPresent()) {
                assertThat(template.render(conversation, ChatTemplate.End.OF_CONVERSATION))
                        .isEqualTo(golden.rendered().get());
            } else {
                assertThatThrownBy(() -> template.render(conversation, ChatTemplate.End.OF_CONVERSATION))
                        .isInstanceOfSatisfying(UnusableSampleException.class, e -> assertThat(e.defect())
                                .isEqualTo(SampleDefect.REFUSED_BY_TEMPLATE));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(1000000000) %}x{% endfor %}",
                "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
                "{% set text = namespace(it='x') %}{% for i in range(99) %}{% set text.it = text.it ~ text.it %}{% endfor %}",
                "{{ strftime_now('%d') }}",
                "{{ messages.constructor.constructor('return this')() }}",
                "{{ [].constructor.constructor('return globalThis')().load('/etc/hostname') }}",
            })
    void refusesATemplateThatNeverEndsOrLooksOutside(String text) {
        try (ChatTemplate template = new ChatTemplate(new ChatFormat(text, "", "", Set.of()))) {
            assertThatThrownBy(() -> template.render(HELLO, ChatTemplate.End.OF_CONVERSATION))
                    .isInstanceOf(UnusableSampleException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(20000) %}{{ messages[0].content }}{% endfor %}",
                "{% set text = namespace(it='x') %}{% for i in range(24) %}{% set text.it = text.it ~ text.it %}{% endfor %}"
                        + "{{ text.it }}",
            })
    void refusesATemplateThatPrintsManyTimesWhatItWasGiven(String text) {
        try (ChatTemplate template = new ChatTemplate(new ChatFormat(text, "", "", Set.of()))) {
            assertThatThrownBy(() -> template.render(HELLO, ChatTemplate.End.OF_CONVERSATION))
                    .isInstanceOfSatisfying(UnusableSampleException.class, e -> assertThat(e.defect())
                            .isEqualTo(SampleDefect.RENDERED_TOO_LONG))
                    .hasMessageMatching("the template makes more than \\d+ characters of \\d+");
            assertThat(template.isStopped()).isFalse();
        }
    }

    @Test
    void rendersALongConversationThatATemplateSaysTwice() {
        String text = "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}";
        String said = "word ".repeat(100_000);
        try (ChatTemplate template = new ChatTemplate(new ChatFormat(text, "", "", Set.of()))) {
            assertThat(template.render(Conversation.of(said, said), ChatTemplate.End.OF_CONVERSATION))
                    .isEqualTo(said.repeat(4));
        }
    }

    @Test
    void refusesATemplateThatIsNone() {
        assertThatThrownBy(() -> new ChatTemplate(new ChatFormat("{% for %}", "", "", Set.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the base model's chat template can't be compiled: ");
    }

    private static Conversation conversation(Golden golden) {
        List<JsonNode> messages = new ArrayList<>();
        golden.sample().path("messages").forEach(messages::add);
        JsonNode tools = golden.sample().path("tools");
        return new Conversation(messages, tools.isMissingNode() ? HELLO.tools() : tools);
    }
}
