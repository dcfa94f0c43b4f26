package io.sparklora.training.lora;

/** What a branch trains: the two factors of {@code W x + s B A x} (Hu et al. 2021, arXiv 2106.09685), and DoRA's m. */
public enum LoraMatrix {
    /** The first factor, [rank, input size]. */
    A("lora_A"),
    /** The second factor, [output size, rank]. */
    B("lora_B"),
    /** DoRA's magnitudes, [output size]: the norms that the rows of W + s B A are given (Liu et al. 2024). */
    MAGNITUDE("lora_magnitude_vector");

    private final String peftName;

    LoraMatrix(String peftName) {
        this.peftName = peftName;
    }

    /** Its part in a PEFT tensor key, such as {@code lora_A}. */
    public String peftName() {
        return peftName;
    }
}
