package io.sparklora.pipeline.run;

/**
 * Which dataset a configuration stands for now: written by prepare, read by the stages after it, so that only prepare
 * needs to look at the corpus.
 *
 * @param datasetKey directory of the dataset
 * @param corpusFingerprint what the corpus was when it was read
 * @param baseModelHash content hash of the base model whose tokenizer was used
 */
public record PreparedPlan(ContentKey datasetKey, ContentKey corpusFingerprint, ContentKey baseModelHash) {}
