package io.sparklora.dataprep.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.dataprep.SharedSpark;
import io.sparklora.dataprep.step.ScratchTables;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.dataset.DatasetManifest.DataFile;
import io.sparklora.pipeline.dataset.DatasetManifest.SplitFigures;
import io.sparklora.pipeline.run.Storage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SequencesTest {
    private static final int LENGTH = 8;

    @Test
    void spreadsSequencesOverFilesInTheirOrder(@TempDir Path directory) {
        TokenRules rules = new TokenRules(tokenizer(directory), OptionalInt.empty(), 0, 0, 300);
        Dataset<Row> documents = SharedSpark.session()
                .range(0, 900)
                .selectExpr(
                        "0 source",
                        "'f' file",
                        "id row",
                        "string(id) document_id",
                        "'' licence",
                        "concat('text number ', id) text",
                        "if(id % 10 = 3, 1, 0) split",
                        "cast(null as struct<step: string>) dropped");
        ScratchTables scratch = SharedSpark.scratch();
        Dataset<Row> tokens = TokenizedDocuments.of(documents, 0, rules, SharedSpark.store(scratch))
                .persist();
        SequencePlan plan = SequencePlan.of(tokens, LENGTH, rules);

        List<SplitFigures> splits = new Sequences(LENGTH, 0, 1)
                .write(
                        tokens,
                        plan,
                        new Storage(new Configuration()),
                        new org.apache.hadoop.fs.Path(directory + "/out"));

        SplitFigures train = splits.get(0);
        assertThat(train.sequences()).isGreaterThan(1024);
        assertThat(train.files())
                .containsExactly(
                        new DataFile("train/part-00000.parquet", 0, 1024),
                        new DataFile("train/part-00001.parquet", 1024, train.sequences() - 1024));
        assertThat(splits.get(1).files())
                .containsExactly(new DataFile(
                        "validation/part-00000.parquet", 0, splits.get(1).sequences()));
        List<Long> ids = new ArrayList<>();
        train.files().forEach(file -> SharedSpark.session()
                .read()
                .parquet(directory + "/out/" + file.path())
                .select("sequence_id")
                .collectAsList()
                .forEach(row -> ids.add(row.getLong(0))));
        assertThat(ids)
                .containsExactlyElementsOf(
                        LongStream.range(0, train.sequences()).boxed().toList());
        tokens.unpersist();
    }

    private static String tokenizer(Path directory) {
        try (BaseModel tiny = BaseModel.open(TinyModels.huggingFaceDirectory(directory.resolve("model"), 1))) {
            return tiny.tokenizerJson();
        }
    }
}
