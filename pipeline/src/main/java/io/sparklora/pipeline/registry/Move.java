package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.run.ContentKey;
import java.util.Optional;

/**
 * One move of an alias; the last one is where it points.
 *
 * @param number 1 for the first; each move takes the number after the one that it was decided by
 * @param version the version pointed at since
 * @param previous the version pointed at before, where there was one
 * @param runKey the version's run key
 * @param movedAt when, in ISO 8601, UTC
 */
public record Move(int number, String version, Optional<String> previous, ContentKey runKey, String movedAt) {}
