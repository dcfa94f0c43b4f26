/** The base model with its LoRA branches as one native program: the seam between Java and PyTorch. */
package io.sparklora.training.model;
