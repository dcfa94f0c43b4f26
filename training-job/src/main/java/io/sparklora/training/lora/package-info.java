/** What is trained: which linear layers carry A and B, how they lie in one flat vector, how PEFT names them. */
package io.sparklora.training.lora;
