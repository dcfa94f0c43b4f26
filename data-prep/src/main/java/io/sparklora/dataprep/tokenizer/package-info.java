/** Texts to token ids by the base model's own tokenizer, and never to its special tokens unless a caller asks for them. */
package io.sparklora.dataprep.tokenizer;
