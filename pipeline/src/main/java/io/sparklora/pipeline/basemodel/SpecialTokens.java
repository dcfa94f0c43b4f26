package io.sparklora.pipeline.basemodel;

import java.util.List;
import java.util.OptionalInt;

/**
 * The token ids that mean something to a model other than text.
 *
 * @param bos the token that starts a text, if the model has one
 * @param bosByDefault whether the model's own tokenizer puts {@code bos} before every text; then bos is present
 * @param eos ids that end generation, at least one, ascending
 * @param endOfText the id that stands between documents in training
 * @param pad the id that fills a batch, if the model has one
 */
public record SpecialTokens(OptionalInt bos, boolean bosByDefault, List<Integer> eos, int endOfText, OptionalInt pad) {
    /** Checks the ids and copies the list. */
    public SpecialTokens {
        eos = eos.stream().sorted().distinct().toList();
        if (eos.isEmpty()) {
            throw new IllegalArgumentException("a model needs at least one end-of-sequence token");
        }
        if (bosByDefault && bos.isEmpty()) {
            throw new IllegalArgumentException("a model that adds a begin token by default must have one");
        }
        if (bos.orElse(0) < 0 || pad.orElse(0) < 0 || endOfText < 0 || eos.get(0) < 0) {
            throw new IllegalArgumentException("token ids must not be negative: bos " + bos + ", pad " + pad
                    + ", end of text " + endOfText + ", eos " + eos);
        }
    }
}
