package io.sparklora.training.job;

import io.sparklora.training.checkpoint.StepRecord;

/**
 * A step as rank 0 saw it.
 *
 * @param step what it came to
 * @param tokens computed in it over all ranks, padding included
 * @param seconds that it took
 */
public record TimedStep(StepRecord step, long tokens, double seconds) {}
