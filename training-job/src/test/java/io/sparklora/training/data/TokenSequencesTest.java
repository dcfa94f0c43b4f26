package io.sparklora.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.data.TokenParquet.Row;
import io.sparklora.training.model.MicroBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenSequencesTest {
    private static final int LENGTH = 16;
    private static final int VOCABULARY = 1000;

    @TempDir
    private java.nio.file.Path temporary;

    private final Storage storage = new Storage(new Configuration());
    private Path directory;

    @BeforeEach
    void locate() {
        directory = new Path(temporary.toUri());
    }

    private static Row row(long id) {
        Random random = new Random(id);
        int[] ids = random.ints(LENGTH, 0, VOCABULARY).toArray();
        int[] labels = ids.clone();
        int cut = 1 + random.nextInt(LENGTH - 1);
        labels[0] = MicroBatch.IGNORED;
        labels[cut] = MicroBatch.IGNORED;
        return new Row(id, ids, labels, new int[] {cut, LENGTH - cut});
    }

    private static List<Row> rows(int count) {
        return IntStream.range(0, count).mapToObj(TokenSequencesTest::row).toList();
    }

    private TokenSequences open(List<Row> rows) throws IOException {
        DatasetManifest manifest = TokenParquet.writeSplit(storage, directory, rows, 50, 8, VOCABULARY);
        return TokenSequences.open(storage, directory, manifest, Split.TRAIN);
    }

    @Test
    void readsAnySequenceOfAnyFileInAnyOrder() throws Exception {
        TokenSequences sequences = open(rows(120));
        assertThat(sequences.count()).isEqualTo(120);
        for (long id : new long[] {0, 119, 49, 50, 7, 8, 99, 100, 3}) {
            MicroBatch batch = sequences.read(id, (id + 61) % 120);
            Row first = row(id);
            Row second = row((id + 61) % 120);
            assertThat(batch.inputIds()).startsWith(first.inputIds()).endsWith(second.inputIds());
            assertThat(batch.labels()).startsWith(first.labels()).endsWith(second.labels());
            assertThat(batch.documentLengths()).isDeepEqualTo(new int[][] {first.lengths(), second.lengths()});
        }
    }

    @Test
    void keepsItsCacheWithinItsBudget() throws Exception {
        DatasetManifest manifest = TokenParquet.writeSplit(storage, directory, rows(48), 50, 8, VOCABULARY);
        TokenSequences sequences = TokenSequences.open(storage, directory, manifest, Split.TRAIN, 3 * 8 * LENGTH);
        for (long id : new long[] {0, 8, 16, 24, 32, 40, 1, 9, 17}) {
            assertThat(sequences.read(id).inputIds()).isEqualTo(row(id).inputIds());
            assertThat(sequences.cachedTokens()).isLessThanOrEqualTo(3 * 8 * LENGTH);
        }
        assertThat(sequences.cachedTokens()).isEqualTo(3 * 8 * LENGTH);
    }

    @Test
    void acceptsFilesThatMatchTheirHashes() throws Exception {
        TokenSequences sequences = open(rows(120));
        sequences.verify(0, 2);
        sequences.verify(1, 2);
    }

    @Test
    void refusesAFileThatIsNotTheOnePrepared() throws Exception {
        TokenSequences sequences = open(rows(120));
        Path second = new Path(directory, "train/part-98.zstd.parquet");
        storage.delete(second);
        TokenParquet.write(storage, second, rows(50), 8);
        sequences.verify(0, 2);
        assertThatThrownBy(() -> sequences.verify(1, 2))
                .hasMessageContaining("train/part-98.zstd.parquet is not the file that was prepared")
                .extracting(e -> ((StageFailure) e).exitCode())
                .isEqualTo(ExitCode.MISMATCH);
    }

    @Test
    void refusesAMissingFile() throws Exception {
        TokenSequences sequences = open(rows(10));
        storage.delete(new Path(directory, "train/part-99.zstd.parquet"));
        assertThatThrownBy(() -> sequences.verify(0, 1)).hasMessageContaining("part-99.zstd.parquet is missing");
    }

    @Test
    void refusesAFileThatIsNoParquet() throws Exception {
        TokenSequences sequences = open(rows(10));
        storage.create(
                new Path(directory, "train/part-99.zstd.parquet"), "PAR1 no more".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> sequences.read(1))
                .isInstanceOf(StageFailure.class)
                .hasMessageContaining("part-99.zstd.parquet is damaged, or no Parquet file");
    }

    /** Wherever the bit lies: in a page, which has a checksum, or in a header or the footer, which have none. */
    @Test
    void trainsOnNothingElseWhereABitIsTurnedOverAfterTheStart() throws Exception {
        DatasetManifest manifest = TokenParquet.writeSplit(storage, directory, rows(12), 12, 8, VOCABULARY);
        TokenSequences.open(storage, directory, manifest, Split.TRAIN).verify(0, 1);
        java.nio.file.Path file = temporary.resolve("train/part-99.zstd.parquet");
        byte[] intact = Files.readAllBytes(file);
        Random random = new Random(7);
        int flips = 150;
        int refused = 0;
        for (int flip = 0; flip < flips; flip++) {
            byte[] flipped = intact.clone();
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
            Files.write(file, flipped);
            refused += isRefused(TokenSequences.open(storage, directory, manifest, Split.TRAIN)) ? 1 : 0;
        }
        // Names of columns that training does not read, statistics and the like may change.
        assertThat(refused).isGreaterThan(flips / 2);
    }

    /** Throws where a sequence is neither refused nor what it was. */
    private static boolean isRefused(TokenSequences sequences) {
        for (long id = 0; id < sequences.count(); id++) {
            MicroBatch batch;
            try {
                batch = sequences.read(id);
            } catch (StageFailure e) {
                // Where the file seems to end too early it is read again, by an attempt that compares its hash first.
                assertThat(e.exitCode()).isIn(ExitCode.MISMATCH, ExitCode.RETRYABLE);
                assertThat(e).hasMessageContaining("part-99.zstd.parquet");
                return true;
            }
            assertThat(batch.inputIds()).isEqualTo(row(id).inputIds());
            assertThat(batch.labels()).isEqualTo(row(id).labels());
            assertThat(batch.documentLengths()).isDeepEqualTo(new int[][] {row(id).lengths()});
        }
        return false;
    }

    @Test
    void namesTheSequenceWhoseLengthIsWrong() throws Exception {
        List<Row> rows = new ArrayList<>(rows(20));
        rows.set(13, new Row(13, new int[LENGTH - 1], new int[LENGTH - 1], new int[] {LENGTH - 1}));
        TokenSequences sequences = open(rows);
        assertThatThrownBy(() -> sequences.read(12))
                .hasMessageContaining("sequence 13: input_ids and labels must have 16 elements");
    }

    @Test
    void namesTheSequenceWithATokenOutsideTheVocabulary() throws Exception {
        List<Row> rows = new ArrayList<>(rows(20));
        rows.get(5).inputIds()[3] = VOCABULARY;
        TokenSequences sequences = open(rows);
        assertThatThrownBy(() -> sequences.read(0))
                .hasMessageContaining("sequence 5: input_ids must be in [0, 1000) but one is 1000");
    }

    @Test
    void namesTheSequenceWithALabelOfAnotherToken() throws Exception {
        List<Row> rows = new ArrayList<>(rows(20));
        rows.get(5).labels()[3] = rows.get(5).inputIds()[3] + 1;
        TokenSequences sequences = open(rows);
        assertThatThrownBy(() -> sequences.read(0)).hasMessageContaining("sequence 5: a label must be the token's id");
    }

    @Test
    void namesTheSequenceWhoseDocumentsDoNotFillIt() throws Exception {
        List<Row> rows = new ArrayList<>(rows(20));
        rows.get(2).lengths()[0]++;
        TokenSequences sequences = open(rows);
        assertThatThrownBy(() -> sequences.read(0))
                .hasMessageContaining("sequence 2: seq_lengths must sum to 16 but sum to 17");
    }

    @Test
    void refusesRowsInAnotherOrder() throws Exception {
        List<Row> rows = new ArrayList<>(rows(20));
        rows.set(3, row(4));
        rows.set(4, row(3));
        TokenSequences sequences = open(rows);
        assertThatThrownBy(() -> sequences.read(0)).hasMessageContaining("sequence 3: sequence_id is another");
    }

    @Test
    void refusesASplitWithoutSequences() throws Exception {
        DatasetManifest manifest = TokenParquet.writeSplit(storage, directory, rows(3), 50, 8, VOCABULARY);
        assertThatThrownBy(() -> TokenSequences.open(storage, directory, manifest, Split.TEST))
                .hasMessageContaining("has no sequences in test");
    }
}
