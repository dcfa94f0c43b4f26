package io.sparklora.dataprep.sample;

import io.sparklora.dataprep.tokenizer.SealedVocabulary;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.SpecialTokens;
import java.io.Serializable;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * How a model writes a conversation.
 *
 * @param template Jinja, as transformers' {@code apply_chat_template} runs it
 * @param begin what the template calls {@code bos_token}; empty for none
 * @param end what the template calls {@code eos_token}; empty for none
 * @param stops the special tokens that end what the model says
 */
public record ChatFormat(String template, String begin, String end, Set<String> stops) implements Serializable {
    /** Copies the set. */
    public ChatFormat {
        stops = Set.copyOf(stops);
    }

    /** The model's own; empty where it has no template. */
    public static Optional<ChatFormat> of(BaseModel base, SealedVocabulary vocabulary) {
        SpecialTokens tokens = base.specialTokens();
        Set<String> stops = new TreeSet<>();
        tokens.eos().forEach(id -> vocabulary.text(id).ifPresent(stops::add));
        String begin = tokens.bos().isPresent()
                ? vocabulary.text(tokens.bos().getAsInt()).orElse("")
                : "";
        String end = vocabulary.text(base.endOfSequence()).orElse("");
        return base.chatTemplate().map(template -> new ChatFormat(template, begin, end, stops));
    }
}
