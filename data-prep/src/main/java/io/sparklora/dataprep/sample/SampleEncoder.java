package io.sparklora.dataprep.sample;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.dataprep.dataset.TokenRules;
import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.dataprep.tokenizer.SharedTokenizer;
import io.sparklora.pipeline.dataset.TokenDataset;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Samples to tokens and labels, as a broadcast value. Templates are compiled when a task first needs one, and stay as
 * long as the JVM, one a thread that renders at the same time. Thread-safe.
 *
 * <p>A chat is what the model's template makes of it. An instruction is a chat of two messages; where the model has no
 * template, it is prompt and completion one after the other, tokenised each on its own, as they are when the model is
 * asked, between the model's begin and end of text.
 */
final class SampleEncoder implements Serializable {
    private static final long serialVersionUID = 1L;

    private final SealedVocabulary vocabulary;
    private final SharedTokenizer tokenizer;
    private final int[] begin;
    private final int endOfText;
    private final @Nullable ChatFormat format;
    private transient @Nullable ConcurrentLinkedQueue<ChatTemplate> idle;

    /**
     * Compiles the template once, so that one which can't be used is found before anything is read.
     *
     * @throws IllegalArgumentException where it can't be compiled
     */
    SampleEncoder(TokenRules rules, Optional<ChatFormat> format) {
        this.vocabulary = SealedVocabulary.of(rules.tokenizerJson());
        this.tokenizer = new SharedTokenizer(vocabulary);
        this.begin = rules.begin().stream().toArray();
        this.endOfText = rules.endOfText();
        this.format = format.orElse(null);
        format.ifPresent(each -> new ChatTemplate(each).close());
    }

    /**
     * A sample as the token dataset has it.
     *
     * @param tokens its tokens
     * @param labels as many: the token where the model has to say it, else {@link TokenDataset#IGNORED_LABEL}
     */
    record Encoded(int[] tokens, int[] labels) {}

    /**
     * Encodes a sample.
     *
     * @throws UnusableSampleException where it can't be trained on
     */
    Encoded encode(SampleTexts texts) {
        JsonNode sample = texts.joined();
        Encoded encoded;
        if (format != null) {
            encoded = chat(guarded(conversation(sample)));
        } else if (sample.has("prompt")) {
            encoded = continuation(
                    sample.path("prompt").asText(), sample.path("completion").asText());
        } else {
            throw new UnusableSampleException(
                    SampleDefect.NOTHING_TO_LEARN, "without a template, nothing says which words are the model's");
        }
        if (Arrays.stream(encoded.labels()).allMatch(label -> label == TokenDataset.IGNORED_LABEL)) {
            throw new UnusableSampleException(SampleDefect.NOTHING_TO_LEARN, "no token has a label");
        }
        return encoded;
    }

    private static Conversation conversation(JsonNode sample) {
        if (sample.has("prompt")) {
            return Conversation.of(
                    sample.path("prompt").asText(), sample.path("completion").asText());
        }
        List<JsonNode> messages = new ArrayList<>();
        sample.path("messages").forEach(messages::add);
        return new Conversation(messages, sample.path("tools"));
    }

    private Conversation guarded(Conversation conversation) {
        return new Conversation(
                conversation.messages().stream()
                        .map(message -> SampleTexts.allMapped(message, vocabulary::guarded))
                        .toList(),
                SampleTexts.allMapped(conversation.tools(), vocabulary::guarded));
    }

    private Encoded continuation(String prompt, String completion) {
        int[] asked = tokenizer.ids(prompt);
        int[] said = tokenizer.ids(completion);
        int[] tokens = Stream.of(begin, asked, said, new int[] {endOfText})
                .flatMapToInt(Arrays::stream)
                .toArray();
        int[] labels = tokens.clone();
        // The first token is never learned: nothing comes before it.
        Arrays.fill(labels, 0, Math.max(1, tokens.length - said.length - 1), TokenDataset.IGNORED_LABEL);
        return new Encoded(tokens, labels);
    }

    private Encoded chat(Conversation conversation) {
        AssistantTurns.Rendered rendered = rendered(conversation);
        StringBuilder sealed = new StringBuilder();
        int[] edges = new int[2 * rendered.turns().size()];
        int copied = 0;
        int edge = 0;
        for (AssistantTurns.Span turn : rendered.turns()) {
            for (int place : new int[] {turn.start(), turn.end()}) {
                sealed.append(vocabulary.sealed(rendered.text().substring(copied, place)));
                edges[edge++] = sealed.codePointCount(0, sealed.length());
                copied = place;
            }
        }
        sealed.append(vocabulary.sealed(rendered.text().substring(copied)));
        SharedTokenizer.Tokens tokens = tokenizer.encode(sealed.toString());
        return new Encoded(tokens.ids(), labels(tokens, edges));
    }

    /** A token is learned that starts inside a turn; of {@code edges}, two by two, each turn's start and end. */
    private static int[] labels(SharedTokenizer.Tokens tokens, int[] edges) {
        int[] labels = tokens.ids().clone();
        for (int token = 0; token < labels.length; token++) {
            int start = tokens.starts()[token];
            long edgesBefore =
                    Arrays.stream(edges).takeWhile(edge -> edge <= start).count();
            if (token == 0 || edgesBefore % 2 == 0) {
                labels[token] = TokenDataset.IGNORED_LABEL;
            }
        }
        return labels;
    }

    private AssistantTurns.Rendered rendered(Conversation conversation) {
        ChatFormat used = java.util.Objects.requireNonNull(format);
        ConcurrentLinkedQueue<ChatTemplate> pool = pool();
        ChatTemplate pooled = pool.poll();
        ChatTemplate template = pooled == null ? new ChatTemplate(used) : pooled;
        try {
            return new AssistantTurns(template, used, vocabulary).of(conversation);
        } finally {
            if (template.isStopped()) {
                template.close();
            } else {
                pool.add(template);
            }
        }
    }

    private synchronized ConcurrentLinkedQueue<ChatTemplate> pool() {
        ConcurrentLinkedQueue<ChatTemplate> pool = idle;
        if (pool == null) {
            pool = new ConcurrentLinkedQueue<>();
            idle = pool;
        }
        return pool;
    }
}
