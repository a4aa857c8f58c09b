"""What a run inherits from the one that it repeats.

Dagster shows a chain of tries (its run groups) by two fields of a run. For a run that a sensor asks
for it leaves them empty, whatever the tags say; and a run that a person re-executes bears all tags
of its parent, also those that say how the parent ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from d2_assets.defs.run_facts import PARENT_RUN_TAG, ROOT_RUN_TAG
from d2_assets.defs.tags import (
    ATTEMPT_TAG,
    CAUSE_TAG,
    FAILURE_TAG,
    MEND_TAG,
    NOTICE_TAG,
    OUTCOME_TAG,
    PARTIAL_TAG,
    RETRY_AT_TAG,
    RETRY_TAG,
    STATUS_TAG,
    TRIGGER_TAG,
    USER_TAGS,
    WRITES_PREFIX,
    WRITTEN_TAG,
)

#: What is found out about one run, and does not hold for the next.
_RESULTS = frozenset(
    {
        OUTCOME_TAG,
        STATUS_TAG,
        PARTIAL_TAG,
        WRITTEN_TAG,
        FAILURE_TAG,
        CAUSE_TAG,
        MEND_TAG,
        TRIGGER_TAG,
        ATTEMPT_TAG,
        RETRY_AT_TAG,
        RETRY_TAG,
        NOTICE_TAG,
        *USER_TAGS,
    }
)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a run comes from: the first of its chain and the one before; None for the first."""

    root: str | None
    parent: str | None


def find_lineage(tags: Mapping[str, str], given: Lineage) -> Lineage:
    """The lineage of a run to be made: as it was given, else as its tags tell it."""
    if given.root or given.parent:
        return given
    root, parent = tags.get(ROOT_RUN_TAG), tags.get(PARENT_RUN_TAG)
    return Lineage(root, parent) if root and parent else given


def drop_results(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a run without what was found out about it."""
    return {
        name: text
        for name, text in tags.items()
        if name not in _RESULTS and not name.startswith(WRITES_PREFIX)
    }
