package io.sparklora.dataprep.duplicate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class ShinglesTest {
    @Test
    void takesWordsForTheSameWhateverTheirCaseAndWhatStandsBetweenThem() {
        assertThat(Words.of("The  quick,\nbrown-fox!")).isEqualTo(Words.of("the QUICK brown fox"));
        assertThat(Words.of("\u00C9t\u00E9 2025"))
                .isEqualTo(Words.of("\u00E9t\u00E9; 2025"))
                .hasSize(2);
        assertThat(Words.of("ab c")).isNotEqualTo(Words.of("a bc"));
        assertThat(Words.of(" .,;")).isEmpty();
    }

    @Test
    void keepsCombiningMarksInTheirWord() {
        assertThat(Words.of("\u0939\u093F\u0928\u094D\u0926\u0940 \u092D\u093E\u0937\u093E"))
                .hasSize(2);
    }

    @Test
    void takesEachCharacterOfAScriptWithoutSpacesForAWord() {
        assertThat(Words.of("\u6CD5\u5F8Babc\u306E")).hasSize(4);
        assertThat(Words.of("\u6CD5 \u5F8B")).isEqualTo(Words.of("\u6CD5\u5F8B"));
        assertThat(Words.of("\uD840\uDC00\uD840\uDC00")).hasSize(2);
    }

    @Test
    void givesEqualRunsOfWordsEqualShinglesWhereverTheyStand() {
        long[] shingles = new Shingles(3).of("a b c d x y a b c d");

        assertThat(shingles).hasSize(8);
        assertThat(shingles[6]).isEqualTo(shingles[0]);
        assertThat(shingles[7]).isEqualTo(shingles[1]);
        assertThat(Arrays.stream(shingles).distinct()).hasSize(6);
        assertThat(new Shingles(3).of("b c d")).containsExactly(shingles[1]);
        assertThat(new Shingles(3).of("d c b")).doesNotContain(shingles[1]);
    }

    @Test
    void makesOneShingleOfATextThatIsTooShortForOne() {
        assertThat(new Shingles(5).of("two words")).hasSize(1).isEqualTo(new Shingles(2).of("Two Words!"));
        assertThat(new Shingles(5).of("!")).isEmpty();
        assertThatThrownBy(() -> new Shingles(0)).hasMessage("words must be at least 1 but was 0");
    }
}
