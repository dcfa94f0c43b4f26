package io.sparklora.training.data;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.dataset.TokenDataset;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/**
 * Reads one row group of one Parquet file, column by column, without building records. A file may be damaged after it was
 * compared with its hash, so pages are compared with their checksums (the footer and the pages' headers have none), and
 * every sequence with the contract in {@link TokenDataset}; what breaks it is refused with the file and the sequence.
 */
final class RowGroupReader {
    /** Four times a group of 1024 sequences of 8192 tokens. */
    private static final long MAXIMUM_TOKENS = 4L * 1024 * 8192;

    private final Storage storage;
    private final int sequenceLength;
    private final int vocabularySize;

    RowGroupReader(Storage storage, int sequenceLength, int vocabularySize) {
        this.storage = storage;
        this.sequenceLength = sequenceLength;
        this.vocabularySize = vocabularySize;
    }

    /**
     * The row group of a file that holds a sequence.
     *
     * @param fileFirst id of the file's first sequence
     */
    RowGroup read(Path file, long fileFirst, long sequence) {
        Configuration hadoop = storage.of(file).getConf();
        ParquetReadOptions options =
                HadoopReadOptions.builder(hadoop).usePageChecksumVerification().build();
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, hadoop), options)) {
            long first = fileFirst;
            List<BlockMetaData> groups = reader.getRowGroups();
            for (int group = 0; group < groups.size(); group++) {
                long rows = groups.get(group).getRowCount();
                if (sequence - first < rows) {
                    refuseTooLarge(file, group, rows);
                    return new Columns(file, first, (int) rows, reader, group).decode();
                }
                first += rows;
            }
            throw refusal(file, "ends before sequence " + sequence + ", which the manifest places in it");
        } catch (IOException e) {
            throw new StageFailure(ExitCode.RETRYABLE, "can't read " + file + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw e instanceof StageFailure
                    ? e
                    : new StageFailure(
                            ExitCode.MISMATCH, file + " is damaged, or no Parquet file that can be read: " + e, e);
        }
    }

    private void refuseTooLarge(Path file, int group, long rows) {
        if (rows * sequenceLength > MAXIMUM_TOKENS) {
            throw refusal(
                    file,
                    "row group " + group + " has " + rows + " sequences of " + sequenceLength
                            + " tokens but a group may have " + MAXIMUM_TOKENS
                            + " tokens: write it with parquet.block.row.count.limit=1024");
        }
    }

    private static StageFailure refusal(Path file, String what) {
        return new StageFailure(ExitCode.MISMATCH, file + ": " + what);
    }

    /** The decoding of one row group. */
    private final class Columns {
        private final Path file;
        private final long first;
        private final int rows;
        private final MessageType schema;
        private final PageReadStore pages;
        private final ColumnReadStoreImpl columns;

        Columns(Path file, long first, int rows, ParquetFileReader reader, int group) throws IOException {
            this.file = file;
            this.first = first;
            this.rows = rows;
            FileMetaData metadata = reader.getFileMetaData();
            this.schema = metadata.getSchema();
            this.pages = reader.readRowGroup(group);
            // The converter builds nothing here: values are taken from the column readers.
            this.columns = new ColumnReadStoreImpl(
                    pages, new GroupRecordConverter(schema).getRootConverter(), schema, metadata.getCreatedBy());
        }

        RowGroup decode() {
            IntLists inputIds = lists(TokenDataset.INPUT_IDS);
            IntLists labels = lists(TokenDataset.LABELS);
            IntLists lengths = lists(TokenDataset.SEQUENCE_LENGTHS);
            checkSequenceIds();
            List<int[]> documentLengths = new ArrayList<>();
            for (int row = 0; row < rows; row++) {
                checkTokens(row, inputIds, labels);
                int[] documents = Arrays.copyOfRange(lengths.values(), lengths.start(row), lengths.start(row + 1));
                checkDocuments(row, documents);
                documentLengths.add(documents);
            }
            return new RowGroup(first, inputIds.values(), labels.values(), documentLengths);
        }

        private IntLists lists(String name) {
            ColumnDescriptor column = column(name, 1, PrimitiveTypeName.INT32);
            ColumnReader reader = columns.getColumnReader(column);
            int count = Math.toIntExact(pages.getPageReader(column).getTotalValueCount());
            int[] values = new int[count];
            int[] starts = new int[rows + 1];
            int row = -1;
            for (int at = 0; at < count; at++) {
                if (reader.getCurrentRepetitionLevel() == 0) {
                    row++;
                    starts[row] = at;
                }
                if (reader.getCurrentDefinitionLevel() != column.getMaxDefinitionLevel()) {
                    throw refused(row, name + " is null or empty, or has a null in it");
                }
                values[at] = reader.getInteger();
                reader.consume();
            }
            starts[rows] = count;
            return new IntLists(values, starts);
        }

        private void checkSequenceIds() {
            ColumnDescriptor column = column(TokenDataset.SEQUENCE_ID, 0, PrimitiveTypeName.INT64);
            ColumnReader reader = columns.getColumnReader(column);
            for (int row = 0; row < rows; row++) {
                if (reader.getCurrentDefinitionLevel() != column.getMaxDefinitionLevel()
                        || reader.getLong() != first + row) {
                    throw refused(row, "sequence_id is another: the file's rows are not in the manifest's order");
                }
                reader.consume();
            }
        }

        private void checkTokens(int row, IntLists inputIds, IntLists labels) {
            int start = row * sequenceLength;
            if (inputIds.start(row) != start
                    || inputIds.start(row + 1) != start + sequenceLength
                    || labels.start(row) != start
                    || labels.start(row + 1) != start + sequenceLength) {
                throw refused(row, "input_ids and labels must have " + sequenceLength + " elements");
            }
            for (int at = start; at < start + sequenceLength; at++) {
                int id = inputIds.values()[at];
                int label = labels.values()[at];
                if (id < 0 || id >= vocabularySize) {
                    throw refused(row, "input_ids must be in [0, " + vocabularySize + ") but one is " + id);
                }
                if (label != id && label != TokenDataset.IGNORED_LABEL) {
                    throw refused(row, "a label must be the token's id " + id + " or -100 but is " + label);
                }
            }
        }

        private void checkDocuments(int row, int[] documents) {
            long sum = 0;
            for (int length : documents) {
                if (length < 1) {
                    throw refused(row, "seq_lengths must be positive but one is " + length);
                }
                sum += length;
            }
            if (sum != sequenceLength) {
                throw refused(row, "seq_lengths must sum to " + sequenceLength + " but sum to " + sum);
            }
        }

        private ColumnDescriptor column(String name, int repetitionLevel, PrimitiveTypeName type) {
            for (ColumnDescriptor column : schema.getColumns()) {
                if (column.getPath()[0].equals(name)
                        && column.getMaxRepetitionLevel() == repetitionLevel
                        && column.getPrimitiveType().getPrimitiveTypeName() == type) {
                    return column;
                }
            }
            throw refusal(file, "has no column " + name + " of " + (repetitionLevel == 0 ? "" : "lists of ") + type);
        }

        private StageFailure refused(int row, String what) {
            return refusal(file, "sequence " + (first + row) + ": " + what);
        }
    }

    /** Lists of ints, one after another; list i is [starts[i], starts[i + 1]). */
    private record IntLists(int[] values, int[] starts) {
        int start(int row) {
            return starts[row];
        }
    }
}
