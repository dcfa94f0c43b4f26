package io.sparklora.training.lora;

/** The two factors of a LoRA branch: {@code W x + (alpha / r) B A x} (Hu et al. 2021, arXiv 2106.09685). */
public enum LoraMatrix {
    /** The first factor, [rank, input size]. */
    A("lora_A"),
    /** The second factor, [output size, rank]. */
    B("lora_B");

    private final String peftName;

    LoraMatrix(String peftName) {
        this.peftName = peftName;
    }

    /** The factor's part in a PEFT tensor key, {@code lora_A} or {@code lora_B}. */
    public String peftName() {
        return peftName;
    }
}
