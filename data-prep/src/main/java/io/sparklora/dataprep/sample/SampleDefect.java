package io.sparklora.dataprep.sample;

import io.sparklora.dataprep.step.DropReason;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Why a sound row gives no sample. */
enum SampleDefect {
    /** An earlier step changed how many texts the sample has. */
    BROKEN_BY_A_STEP,
    /** The template refuses the conversation, or needs more than the statements it may run. */
    REFUSED_BY_TEMPLATE,
    /** The template prints many times what it was given. */
    RENDERED_TOO_LONG,
    /** The template leaves out a message or a tool call, or an assistant's turn is empty. */
    LEFT_OUT_BY_TEMPLATE,
    /** What the template renders before an assistant's turn is not how the whole conversation begins. */
    TURNS_NOT_SEPARABLE,
    /** The template does not end an assistant's turn with a token that ends generation. */
    TURN_WITHOUT_END,
    /** No token has a label, as of a chat where the model has no template. */
    NOTHING_TO_LEARN,
    /** It has more tokens than a sequence, and would be cut. */
    LONGER_THAN_A_SEQUENCE;

    static final String STEP = "sample";

    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    DropReason reason() {
        return new DropReason(STEP, word());
    }

    static List<DropReason> reasons() {
        return Arrays.stream(values()).map(SampleDefect::reason).toList();
    }
}
