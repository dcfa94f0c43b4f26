"""What a stage's exit status asks of a scheduler."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every stage, as io.sparklora.pipeline.ExitCode declares them."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    GATE_REJECTED = 10
    NO_NEW_DATA = 11
    BAD_INPUT = 20
    MISMATCH = 21
    DIVERGED = 30
    RANKS_DISAGREE = 31
    PUBLISH_CONFLICT = 40
    RETRYABLE = 75


PERMANENT = frozenset(
    {
        ExitCode.USAGE,
        ExitCode.BAD_INPUT,
        ExitCode.MISMATCH,
        ExitCode.DIVERGED,
        ExitCode.RANKS_DISAGREE,
        ExitCode.PUBLISH_CONFLICT,
    }
)
"""The codes after which the same command would fail again: no retry. Codes that are not named here, and deaths by a
signal, may be the infrastructure's doing and are retried."""
