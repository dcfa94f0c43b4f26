/**
 * The base model as data-prep (its tokenizer) and training-job (its weights) read it: GGUF and safetensors containers,
 * model directories, content hash. Free of Spark SQL and DJL.
 */
package io.sparklora.pipeline.basemodel;
