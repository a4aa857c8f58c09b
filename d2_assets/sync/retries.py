"""Whether a run that failed is tried again, and when: what may pass by itself is worth a wait.

A process that was killed leaves no word of its own: Dagster's run monitoring ends its run later,
and names no failed step. Such a run is tried again like one that a server stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FIRST_DELAY = 60
LONGEST_DELAY = 3600
#: Dagster's reasons (the tag dagster/failure_reason) that show a fault in a step or in its making.
#: The errors that pass have said so themselves by then.
_FAULTS = frozenset({"STEP_FAILURE", "JOB_INITIALIZATION_FAILURE"})

Word = Literal["waiting", "used_up", "hopeless"]


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that ended in failure, ``ended`` in seconds since the epoch.

    ``attempt``: tries before it (0 for the first run); ``failure``: transient, permanent, or empty
    where the run said nothing; ``reason``: Dagster's word for how it ended; ``tries``: those that
    each of its pairs allows, none for pairs that are gone or not active.
    """

    ended: float
    attempt: int = 0
    failure: str = ""
    reason: str = ""
    tries: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """``waiting``: try again at ``due`` (seconds since the epoch). ``used_up``: it was the last
    try. ``hopeless``: the cause does not pass by itself, which ``why`` says where it is known."""

    word: Word
    due: int = 0
    why: str = ""


def delay(failures: int) -> int:
    """Seconds to wait when so many tries had failed before the one that failed now (0: none)."""
    return min(FIRST_DELAY * 2**failures, LONGEST_DELAY)


def decide_retry(run: FailedRun) -> Decision:
    """What follows for a run that failed. Of several pairs the one with the fewest tries counts."""
    if not run.tries:
        return Decision("hopeless", why="The pair is not in the settings any more, or not active.")
    if run.failure == "permanent":
        return Decision("hopeless")
    if not run.failure and run.reason in _FAULTS:
        return Decision("hopeless", why="A step failed in a way that was not foreseen.")
    if run.attempt >= min(run.tries):
        return Decision("used_up")
    return Decision("waiting", due=round(run.ended) + delay(run.attempt))
