package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.substring;
import static org.apache.spark.sql.functions.when;

import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * The columns of the documents on their way through the steps. Every document that was read stays a row to the end: a
 * dropped one loses its text and says why, so that documents in = kept + dropped by each reason.
 *
 * <ul>
 *   <li>{@value #SOURCE} int: place in {@code corpus.sources}
 *   <li>{@value #FILE} string: name of the file below the source's base directory, with placeholders for personal data and
 *       secrets that are looked for; empty for a table
 *   <li>{@value #ROW} long: row of the file, from 1; null where the document is the whole file
 *   <li>{@value #ID} string, {@value #LICENCE} string: never null; a document without a licence has an empty one
 *   <li>{@value #LANGUAGE} string: ISO 639-3 code, empty where it is not known; there only where languages are identified
 *       or declared, null for documents that were dropped before
 *   <li>{@value #CONFIDENCE} double: how sure the identified language is, also where the source's declared one counts; there
 *       only with {@value #LANGUAGE}, null where none was identified
 *   <li>{@value #TEXT} string: null for dropped documents
 *   <li>{@value #GROUP} string: what must not be on both sides of the split, such as a customer; null for none
 *   <li>{@value #TIMESTAMP} timestamp: when the document was made; null where that is unknown
 *   <li>{@value #CLUSTER} long: the near-duplicates that the document is one of; null for none. Only after the steps that
 *       compare documents
 *   <li>{@value #SPLIT} int: ordinal of {@link io.sparklora.pipeline.dataset.Split}; only after the split
 *   <li>{@value #COPIES} int: how often the document is seen in an epoch; only where the sources' weights differ from 1
 *   <li>{@value #SAMPLE} string, only where a source holds samples: the structure of an instruction or a chat, whose
 *       texts are then in {@value #TEXT}; null for plain text
 *   <li>{@value #ENCODED} struct of tokens and labels, from the last step on: null for plain text
 *   <li>{@value #SOURCE_LANGUAGE} string: the ISO 639-3 code of the language that the source declares; empty where
 *       it declares none
 *   <li>{@value #WEIGHT} double: the source's, greater than 0
 *   <li>{@value #FINDINGS} array of long: personal data and secrets found in the text, by the ordinal of
 *       {@link io.sparklora.pipeline.config.PrivacyConfig.Kind}; null where none were
 *   <li>{@code counted:STEP:WORD} int: what steps did to the text ({@link TextChange}); null for nothing
 *   <li>{@value #EXCERPT} string: the start of the text that a document had as it was dropped; there only where
 *       {@link io.sparklora.dataprep.statistics.KeepExcerpts} is on, null for kept documents and for those that were dropped before it
 *   <li>{@value #DROPPED} struct of step, reason, measured, threshold, survivor_id, found: null for documents that
 *       go on
 * </ul>
 */
public final class Documents {
    public static final String SOURCE = "source";
    public static final String FILE = "file";
    public static final String ROW = "row";
    public static final String ID = "document_id";
    public static final String LICENCE = "licence";
    public static final String LANGUAGE = "language";
    public static final String CONFIDENCE = "language_confidence";
    public static final String TEXT = "text";
    public static final String GROUP = "group";
    public static final String TIMESTAMP = "timestamp";
    public static final String CLUSTER = "cluster";
    public static final String SPLIT = "split";
    public static final String SOURCE_LANGUAGE = "source_language";
    public static final String WEIGHT = "weight";
    public static final String FINDINGS = "findings";
    public static final String DROPPED = "dropped";
    public static final String COPIES = "copies";
    public static final String EXCERPT = "excerpt";
    public static final String SAMPLE = "sample";
    public static final String ENCODED = "encoded";
    /** Field of {@link #DROPPED}: what a document is dropped for where that is a word, such as its licence. */
    public static final String FOUND = "found";
    /** Fields of {@link #ENCODED}, as many ids in bytes ({@link io.sparklora.dataprep.dataset.TokenBytes}). */
    public static final String TOKENS = "tokens";

    public static final String LABELS = "labels";

    private static final String OTHER_TEXT = "other_text";
    private static final int SHA_256 = 256;
    private static final int HASH_DIGITS = 16;
    private static final int EXCERPT_CHARACTERS = 300;

    private Documents() {}

    /** Hash of the text as it is now: 64 hexadecimal digits. */
    public static Column contentHash() {
        return org.apache.spark.sql.functions.sha2(col(TEXT), SHA_256);
    }

    /** Whether a document is an instruction or a chat. */
    public static Column isSample(Dataset<Row> documents) {
        return Arrays.asList(documents.columns()).contains(SAMPLE) ? col(SAMPLE).isNotNull() : lit(false);
    }

    /** How often a document is seen in an epoch. */
    public static Column copies(Dataset<Row> documents) {
        return Arrays.asList(documents.columns()).contains(COPIES) ? col(COPIES) : lit(1);
    }

    /** The documents' languages; null where languages are neither identified nor declared. */
    public static Column language(Dataset<Row> documents) {
        return Arrays.asList(documents.columns()).contains(LANGUAGE)
                ? col(LANGUAGE)
                : lit(null).cast(DataTypes.StringType);
    }

    /** How sure the identified languages are; null where none is identified. */
    public static Column confidence(Dataset<Row> documents) {
        return Arrays.asList(documents.columns()).contains(CONFIDENCE)
                ? col(CONFIDENCE)
                : lit(null).cast(DataTypes.DoubleType);
    }

    /** Gives plain texts another text; what people and models said in samples (as often code as not) stays as it is. */
    public static Dataset<Row> withPlainText(Dataset<Row> documents, Column text) {
        return documents.withColumn(TEXT, plainText(documents, text));
    }

    /** Gives plain texts another text, and counts the documents of which it differs from the one they had. */
    public static Dataset<Row> withPlainText(Dataset<Row> documents, Column text, TextChange changed) {
        Dataset<Row> both = documents.withColumn(OTHER_TEXT, plainText(documents, text));
        return changed.count(both, when(col(OTHER_TEXT).notEqual(col(TEXT)), 1))
                .withColumn(TEXT, col(OTHER_TEXT))
                .drop(OTHER_TEXT);
    }

    private static Column plainText(Dataset<Row> documents, Column text) {
        return when(isSample(documents), col(TEXT)).otherwise(text);
    }

    /**
     * Where a document stands: its file, and its row unless it is the whole file. A table's rows have no place: the first
     * digits of their text's hash stand for it.
     */
    public static Column place() {
        Column row = concat(lit("#"), col(ROW).cast(DataTypes.StringType));
        Column inFile = concat(col(FILE), coalesce(row, lit("")));
        Column hash = concat(lit("#"), coalesce(substring(contentHash(), 1, HASH_DIGITS), lit("")));
        return when(col(FILE).notEqual(""), inFile).otherwise(hash);
    }

    /** Drops the documents for which the condition is true, unless an earlier step dropped them; null is false. */
    public static Dataset<Row> drop(Dataset<Row> documents, Column condition, Column verdict) {
        Dataset<Row> judged = documents.withColumn(DROPPED, coalesce(col(DROPPED), when(condition, verdict)));
        return withExcerpts(judged).withColumn(TEXT, when(col(DROPPED).isNull(), col(TEXT)));
    }

    /** Keeps the start of the texts that are about to go. */
    private static Dataset<Row> withExcerpts(Dataset<Row> judged) {
        if (!Arrays.asList(judged.columns()).contains(EXCERPT)) {
            return judged;
        }
        return judged.withColumn(
                EXCERPT, coalesce(col(EXCERPT), when(col(DROPPED).isNotNull(), excerpt())));
    }

    /** The start of the text as it is now: at most {@value #EXCERPT_CHARACTERS} characters (code points). */
    public static Column excerpt() {
        return substring(col(TEXT), 1, EXCERPT_CHARACTERS);
    }

    /** The value of {@link #DROPPED} for a reason that measures nothing. */
    public static Column verdict(DropReason reason) {
        return verdict(reason, lit(null), lit(null), lit(null));
    }

    /**
     * The value of {@link #DROPPED}.
     *
     * @param measured what the step measured
     * @param threshold what it compared it with
     * @param survivor id of the document that stays in this one's place
     */
    public static Column verdict(DropReason reason, Column measured, Column threshold, Column survivor) {
        return verdict(reason, measured, threshold, survivor, lit(null));
    }

    /**
     * The value of {@link #DROPPED} for a reason that is a word, such as a licence.
     *
     * @param found the document's, among those that are not allowed
     * @param measured how sure that is
     * @param threshold what it compared it with
     */
    public static Column verdictOn(Column found, DropReason reason, Column measured, Column threshold) {
        return verdict(reason, measured, threshold, lit(null), found);
    }

    private static Column verdict(DropReason reason, Column measured, Column threshold, Column survivor, Column found) {
        return struct(
                lit(reason.step()).as("step"),
                lit(reason.word()).as("reason"),
                measured.cast(DataTypes.DoubleType).as("measured"),
                threshold.cast(DataTypes.DoubleType).as("threshold"),
                survivor.cast(DataTypes.StringType).as("survivor_id"),
                found.cast(DataTypes.StringType).as(FOUND));
    }
}
