package io.sparklora.training.data;

import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.DatasetManifest.DataFile;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.Packing;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.FileEntry;
import io.sparklora.pipeline.run.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** Writes token datasets as data-prep does, with the schema and the row groups that Spark's writer gives them. */
public final class TokenParquet {
    private static final MessageType SCHEMA = MessageTypeParser.parseMessageType("""
            message spark_schema {
              required group input_ids (LIST) { repeated group list { required int32 element; } }
              required group labels (LIST) { repeated group list { required int32 element; } }
              required group seq_lengths (LIST) { repeated group list { required int32 element; } }
              required int64 sequence_id;
              required group document_ids (LIST) { repeated group list { required binary element (STRING); } }
            }""");

    private TokenParquet() {}

    /** A row of the dataset. */
    public record Row(long id, int[] inputIds, int[] labels, int[] lengths) {}

    /** Writes one file with row groups of {@code rowsAGroup}. */
    public static void write(Storage storage, Path file, List<Row> rows, int rowsAGroup) throws IOException {
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(file)
                .withConf(storage.of(file).getConf())
                .withType(SCHEMA)
                .withCompressionCodec(CompressionCodecName.ZSTD)
                .withRowGroupRowCountLimit(rowsAGroup)
                .build()) {
            SimpleGroupFactory groups = new SimpleGroupFactory(SCHEMA);
            for (Row row : rows) {
                Group group = groups.newGroup();
                addInts(group.addGroup("input_ids"), row.inputIds());
                addInts(group.addGroup("labels"), row.labels());
                addInts(group.addGroup("seq_lengths"), row.lengths());
                group.add("sequence_id", row.id());
                Group documents = group.addGroup("document_ids");
                for (int i = 0; i < row.lengths().length; i++) {
                    documents.addGroup("list").add("element", "doc-" + row.id() + "-" + i);
                }
                writer.write(group);
            }
        }
    }

    private static void addInts(Group list, int[] values) {
        for (int value : values) {
            list.addGroup("list").add("element", value);
        }
    }

    /** Writes a training split of several files, in an order that their names do not follow, and its manifest. */
    public static DatasetManifest writeSplit(
            Storage storage, Path directory, List<Row> rows, int rowsAFile, int rowsAGroup, int vocabularySize)
            throws IOException {
        List<DataFile> files = new ArrayList<>();
        List<FileEntry> entries = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += rowsAFile) {
            List<Row> part = rows.subList(from, Math.min(rows.size(), from + rowsAFile));
            String path = "train/part-" + (99 - files.size()) + ".zstd.parquet";
            Path file = new Path(directory, path);
            write(storage, file, part, rowsAGroup);
            files.add(new DataFile(path, from, part.size()));
            entries.add(new FileEntry(path, storage.of(file).getFileStatus(file).getLen(), storage.sha256(file)));
        }
        int length = rows.get(0).inputIds().length;
        long tokens = (long) rows.size() * length;
        ContentKey key = ContentKey.of(List.of("test", directory.getName()));
        return new DatasetManifest(
                1,
                key,
                key,
                key,
                key,
                key.hex(),
                length,
                vocabularySize,
                List.of(new SplitFigures(
                        Split.TRAIN,
                        rows.size(),
                        rows.size(),
                        tokens,
                        tokens,
                        Packing.of(1, rows.size(), tokens, length),
                        files)),
                new Funnel(rows.size(), rows.size(), List.of()),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                entries,
                "{}");
    }

    /** The splits of a dataset that {@link #writeSplit} wrote, and its training split as the validation split, too. */
    public static List<SplitFigures> heldOutAsWell(DatasetManifest manifest) {
        SplitFigures train = manifest.splits().get(0);
        SplitFigures validation = new SplitFigures(
                Split.VALIDATION,
                train.documents(),
                train.sequences(),
                train.tokens(),
                train.supervisedTokens(),
                train.packing(),
                train.files());
        return List.of(train, validation);
    }
}
