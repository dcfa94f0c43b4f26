/**
 * The base model as data-prep (its tokenizer) and training-job (its weights) read it: GGUF and safetensors containers,
 * model directories, content hash. Free of Spark SQL and DJL. {@link BaseModel} is the way in; adapters and checkpoints
 * use {@link SafetensorsWriter} and {@link SafetensorsFile} alone. What is not read of a model is refused by name:
 * {@link GgufKeyRule} and {@link ConfigFieldRule} are the tables.
 */
package io.sparklora.pipeline.basemodel;
