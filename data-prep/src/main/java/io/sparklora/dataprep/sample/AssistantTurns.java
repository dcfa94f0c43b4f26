package io.sparklora.dataprep.sample;

import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.dataprep.tokenizer.SealedVocabulary.Occurrence;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds what the model has to say in a rendered conversation, by rendering parts of it and comparing.
 *
 * <p>A turn starts where the rendering of the messages before it, with the generation prompt, ends: there the model would
 * be asked to go on. The whole conversation must begin with that rendering, to the letter. A turn ends with the first
 * token after its start that ends generation: there the model would be stopped. That this token comes before anything of
 * the next message is shown by rendering the conversation up to the next message with other content: both renderings must
 * be the same up to the token, and the other content must come after it. After the last message there may be nothing but
 * white space and such tokens. Contents are guarded, so that they hold no special tokens.
 *
 * <p>Templates that render a turn in another way once more turns follow (Qwen 3 leaves out reasoning) are right by the
 * same rule: it looks at the whole conversation, and refuses what it can't show.
 */
final class AssistantTurns {
    private static final String OTHER_CONTENT = "\uFDD3";

    private final ChatTemplate template;
    private final ChatFormat format;
    private final SealedVocabulary vocabulary;

    AssistantTurns(ChatTemplate template, ChatFormat format, SealedVocabulary vocabulary) {
        this.template = template;
        this.format = format;
        this.vocabulary = vocabulary;
    }

    /**
     * A part of a text.
     *
     * @param start index of its first character
     * @param end index after its last
     */
    record Span(int start, int end) {}

    /**
     * A rendered conversation.
     *
     * @param text with guarded contents
     * @param turns what the model has to say, in order, each with the token that ends it
     */
    record Rendered(String text, List<Span> turns) {}

    /**
     * Renders a conversation with guarded contents.
     *
     * @throws UnusableSampleException where the template refuses it, or its turns can't be told apart for sure
     */
    Rendered of(Conversation conversation) {
        String whole = template.render(conversation, ChatTemplate.End.OF_CONVERSATION);
        List<Span> turns = new ArrayList<>();
        for (int message = 0; message < conversation.messages().size(); message++) {
            if (conversation.isAssistant(message)) {
                Span turn = turn(conversation, message, whole);
                requireSaid(conversation, message, whole.substring(turn.start(), turn.end()));
                turns.add(turn);
            }
        }
        return new Rendered(whole, List.copyOf(turns));
    }

    private Span turn(Conversation conversation, int message, String whole) {
        String before = template.render(conversation.before(message), ChatTemplate.End.GENERATION_PROMPT);
        requirePrefix(before, whole, message);
        boolean isLast = message + 1 == conversation.messages().size();
        String beforeNext = isLast ? whole : beforeNext(conversation, message + 1);
        Occurrence stop = vocabulary
                .first(format.stops(), beforeNext, before.length())
                .orElseThrow(() -> new UnusableSampleException(
                        SampleDefect.TURN_WITHOUT_END, "message " + message + " has no token at its end"));
        requirePrefix(beforeNext.substring(0, stop.end()), whole, message);
        if (isLast) {
            requireNothing(whole, stop.end(), message);
        }
        return new Span(before.length(), stop.end());
    }

    /** What is rendered before a message's content. */
    private String beforeNext(Conversation conversation, int message) {
        String text = template.render(conversation.upTo(message, OTHER_CONTENT), ChatTemplate.End.OF_CONVERSATION);
        int content = text.indexOf(OTHER_CONTENT);
        if (content < 0) {
            throw new UnusableSampleException(
                    SampleDefect.LEFT_OUT_BY_TEMPLATE, "message " + message + " is not rendered");
        }
        return text.substring(0, content);
    }

    private static void requirePrefix(String prefix, String whole, int message) {
        if (!whole.startsWith(prefix)) {
            throw new UnusableSampleException(
                    SampleDefect.TURNS_NOT_SEPARABLE,
                    "the template renders what comes before the end of message " + message
                            + " in another way once more messages follow");
        }
    }

    private void requireNothing(String whole, int from, int message) {
        String rest = whole.substring(from);
        for (String stop : format.stops()) {
            rest = rest.replace(stop, "");
        }
        if (!rest.isBlank()) {
            throw new UnusableSampleException(
                    SampleDefect.TURN_WITHOUT_END, "message " + message + " goes on after the token at its end");
        }
    }

    /** A template that knows no tool calls renders nothing where they were. */
    private void requireSaid(Conversation conversation, int message, String turn) {
        int end =
                vocabulary.first(format.stops(), turn, 0).map(Occurrence::start).orElse(turn.length());
        String said = turn.substring(0, end);
        if (said.isBlank() || !conversation.calls(message).stream().allMatch(said::contains)) {
            throw new UnusableSampleException(
                    SampleDefect.LEFT_OUT_BY_TEMPLATE, "message " + message + " is not rendered as a whole");
        }
    }
}
