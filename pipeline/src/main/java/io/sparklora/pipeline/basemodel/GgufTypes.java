package io.sparklora.pipeline.basemodel;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The type numbers of ggml ({@code ggml.h}, enum ggml_type): those that are read, and names for those that are not. */
final class GgufTypes {
    private static final Map<Integer, ElementType> READ = new HashMap<>();
    private static final Map<Integer, String> NOT_READ = Map.ofEntries(
            Map.entry(9, "Q8_1"),
            Map.entry(10, "Q2_K"),
            Map.entry(11, "Q3_K"),
            Map.entry(15, "Q8_K"),
            Map.entry(16, "IQ2_XXS"),
            Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"),
            Map.entry(19, "IQ1_S"),
            Map.entry(20, "IQ4_NL"),
            Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"),
            Map.entry(23, "IQ4_XS"),
            Map.entry(24, "I8"),
            Map.entry(25, "I16"),
            Map.entry(26, "I32"),
            Map.entry(27, "I64"),
            Map.entry(28, "F64"),
            Map.entry(29, "IQ1_M"),
            Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"),
            Map.entry(39, "MXFP4"));

    static {
        for (ElementType type : ElementType.values()) {
            READ.put(type.ggmlId(), type);
        }
    }

    private GgufTypes() {}

    static Optional<ElementType> weightType(int id) {
        return Optional.ofNullable(READ.get(id));
    }

    /** What messages call a type that is not read. */
    static String name(int id) {
        return NOT_READ.getOrDefault(id, Integer.toUnsignedString(id));
    }
}
