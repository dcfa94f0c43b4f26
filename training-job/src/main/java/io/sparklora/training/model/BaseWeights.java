package io.sparklora.training.model;

import io.sparklora.pipeline.basemodel.ContentHash;
import io.sparklora.pipeline.basemodel.DecoderShape;
import java.nio.file.Path;

/**
 * A base model's weights as {@link BaseWeightCache} lays them out for mapping; nothing is held open.
 *
 * @param shape the decoder they belong to
 * @param contentHash the base model they were read from
 * @param type how the linear weights are stored
 * @param linearFile embedding, then q k v | o | gate up | down of each layer, then the head unless it is tied
 * @param plan where its tensors lie
 * @param normFile fp32: each layer's norms and biases ({@link BlockVectors}), then the final norm
 */
record BaseWeights(
        DecoderShape shape,
        ContentHash contentHash,
        WeightType type,
        Path linearFile,
        WeightPlan plan,
        Path normFile) {}
