package io.sparklora.dataprep.filter;

/**
 * What a character is to the filters, as bits that are looked up: Unicode's categories take some ten times longer to find.
 * Categories are those of the JVM's Unicode version.
 */
final class CharacterKinds {
    /** Category L, as Python's {@code str.isalpha} sees it. */
    static final int LETTER = 1;
    /** Categories L, M and N. */
    static final int PART_OF_WORD = 1 << 1;
    /** {@linkplain Characters#isSpace White space}. */
    static final int SPACE = 1 << 2;
    /** {@linkplain Characters#isLineBreak White space that ends a line}. */
    static final int LINE_BREAK = 1 << 3;
    /** None of {@link Punctuation}. */
    static final int PLAIN = 1 << 4;
    /** A {@linkplain Punctuation#endsSentence sign that ends a sentence}. */
    static final int SENTENCE_END = 1 << 5;

    private static final int LETTERS = (1 << Character.UPPERCASE_LETTER)
            | (1 << Character.LOWERCASE_LETTER)
            | (1 << Character.TITLECASE_LETTER)
            | (1 << Character.MODIFIER_LETTER)
            | (1 << Character.OTHER_LETTER);
    private static final int PARTS_OF_WORDS = LETTERS
            | (1 << Character.NON_SPACING_MARK)
            | (1 << Character.ENCLOSING_MARK)
            | (1 << Character.COMBINING_SPACING_MARK)
            | (1 << Character.DECIMAL_DIGIT_NUMBER)
            | (1 << Character.LETTER_NUMBER)
            | (1 << Character.OTHER_NUMBER);
    private static final byte[] OF_FIRST_PLANE = ofFirstPlane();

    private CharacterKinds() {}

    /** Whether a character is of one of some kinds. */
    static boolean is(int codePoint, int kinds) {
        return (of(codePoint) & kinds) != 0;
    }

    private static int of(int codePoint) {
        return codePoint < OF_FIRST_PLANE.length ? OF_FIRST_PLANE[codePoint] : find(codePoint);
    }

    private static byte[] ofFirstPlane() {
        byte[] kinds = new byte[Character.MIN_SUPPLEMENTARY_CODE_POINT];
        for (int codePoint = 0; codePoint < kinds.length; codePoint++) {
            kinds[codePoint] = (byte) find(codePoint);
        }
        return kinds;
    }

    private static int find(int codePoint) {
        int category = 1 << Character.getType(codePoint);
        return ((category & LETTERS) != 0 ? LETTER : 0)
                | ((category & PARTS_OF_WORDS) != 0 ? PART_OF_WORD : 0)
                | (Characters.isSpace(codePoint) ? SPACE : 0)
                | (Characters.isLineBreak(codePoint) ? LINE_BREAK : 0)
                | (Punctuation.contains(codePoint) ? 0 : PLAIN)
                | (Punctuation.endsSentence(codePoint) ? SENTENCE_END : 0);
    }
}
