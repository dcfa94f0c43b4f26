/** The base model with what is trained of it as one native program: the seam between Java and PyTorch. */
package io.sparklora.training.model;
