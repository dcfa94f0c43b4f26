package io.sparklora.dataprep.statistics;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;

import io.sparklora.dataprep.dataset.TokenizedDocuments;
import io.sparklora.dataprep.step.Documents;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.dataset.DatasetManifest.SourceFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.DatasetStatistics.SourceStatistics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * What the kept documents have in common: source, language and licence, those with the most tokens first. Documents count
 * once, their tokens as often as an epoch shows them.
 *
 * @param sources by place in {@code corpus.sources}; those without a kept document are missing
 * @param languages empty where languages were neither identified nor declared; the empty name counts the documents whose
 *     language is not known
 * @param licences the empty name counts the documents without one
 */
public record Composition(List<Share> sources, List<Share> languages, List<Share> licences) {
    private static final int MOST_LICENCES = 10_000;
    private static final int MOST_LANGUAGES = 1_000;
    private static final String TRAIT = "trait";
    private static final String NAME = "name";

    /** Copies the lists. */
    public Composition {
        sources = List.copyOf(sources);
        languages = List.copyOf(languages);
        licences = List.copyOf(licences);
    }

    /**
     * Counts documents and tokens in one job.
     *
     * @param tokens {@link TokenizedDocuments}, cached
     * @param sources how many there may be
     * @throws StageFailure ({@link ExitCode#BAD_INPUT}) where there are more than {@value #MOST_LICENCES} licences
     */
    public static Composition of(Dataset<Row> tokens, int sources) {
        List<Row> rows = tokens.select(
                        col(TokenizedDocuments.COPY),
                        size(col(Documents.TOKENS)).as(Documents.TOKENS),
                        explode(array(trait(Documents.SOURCE), trait(Documents.LANGUAGE), trait(Documents.LICENCE)))
                                .as(TRAIT))
                .select(col(TokenizedDocuments.COPY), col(Documents.TOKENS), col(TRAIT + ".*"))
                .where(col(NAME).isNotNull())
                .groupBy(TRAIT, NAME)
                .agg(count_if(col(TokenizedDocuments.COPY).equalTo(0)), sum(Documents.TOKENS))
                // With the other two at their most, there is room for one licence too many.
                .limit(sources + MOST_LANGUAGES + MOST_LICENCES + 1)
                .collectAsList();
        Composition composition = new Composition(
                shares(rows, Documents.SOURCE), shares(rows, Documents.LANGUAGE), shares(rows, Documents.LICENCE));
        if (composition.licences.size() > MOST_LICENCES) {
            throw new StageFailure(
                    ExitCode.BAD_INPUT,
                    "corpus.sources.N.licence-column holds more than " + MOST_LICENCES
                            + " different values: is it the licence?");
        }
        return composition;
    }

    private static Column trait(String column) {
        return struct(
                lit(column).as(TRAIT), col(column).cast(DataTypes.StringType).as(NAME));
    }

    private static List<Share> shares(List<Row> rows, String trait) {
        return rows.stream()
                .filter(row -> row.getString(0).equals(trait))
                .map(row -> new Share(row.getString(1), row.getLong(2), row.getLong(3)))
                .sorted(Comparator.comparingLong(Share::tokens).reversed().thenComparing(Share::name))
                .toList();
    }

    /** The sources with what was read of them. */
    public List<SourceStatistics> sources(List<SourceConfig> configs, List<SourceFigures> read) {
        List<SourceStatistics> statistics = new ArrayList<>();
        for (SourceFigures figures : read) {
            SourceConfig config = configs.get(figures.source());
            String name = Integer.toString(figures.source());
            Share share = sources.stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElse(new Share(name, 0, 0));
            statistics.add(new SourceStatistics(
                    figures.source(),
                    config.format() == SourceConfig.Format.TABLE ? config.table() : config.path(),
                    figures.documents(),
                    share.documents(),
                    share.tokens()));
        }
        return List.copyOf(statistics);
    }
}
