package io.sparklora.training.checkpoint;

import java.io.Serializable;

/**
 * What a checkpoint must have been made of to be of any use to a run; each a hash in hexadecimal digits.
 *
 * @param config of the part of the resolved configuration that can change the adapter
 * @param baseModel of the base model's content
 * @param dataset key of the token dataset
 * @param seed of the run
 */
public record RunIdentity(String config, String baseModel, String dataset, long seed) implements Serializable {}
