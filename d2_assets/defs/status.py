"""The status words that people know, derived in one place from Dagster's runs and our tags.

Dagster knows how a run ended, not what follows: a run that failed may be tried again in a minute,
or never. The word stands on the run as tag ``d2/status``, by which the Runs page can be filtered.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import dagster as dg

from d2_assets.defs.tags import (
    FAILURE_TAG,
    HOPELESS,
    LAUNCHED,
    OUTCOME_TAG,
    PERMANENT,
    RETRY_TAG,
    STATUS_TAG,
    SUPERSEDED,
    USED_UP,
    WAITING,
    WARNED,
)

Status = Literal[
    "pending",
    "running",
    "completed",
    "completed_with_warnings",
    "failed",
    "cancelled",
    "retrying",
    "failed_permanently",
]

_WORDS: Mapping[dg.DagsterRunStatus, Status] = MappingProxyType(
    {
        dg.DagsterRunStatus.NOT_STARTED: "pending",
        dg.DagsterRunStatus.QUEUED: "pending",
        dg.DagsterRunStatus.SUSPENDED: "pending",
        dg.DagsterRunStatus.STARTING: "running",
        dg.DagsterRunStatus.STARTED: "running",
        dg.DagsterRunStatus.MANAGED: "running",
        # It may be in the middle of a request, which it does not leave behind.
        dg.DagsterRunStatus.CANCELING: "running",
        dg.DagsterRunStatus.CANCELED: "cancelled",
    }
)

#: What the sensor ``retries`` decided for a run that failed.
_DECIDED: Mapping[str, Status] = MappingProxyType(
    {
        WAITING: "retrying",
        LAUNCHED: "failed",
        SUPERSEDED: "failed",
        USED_UP: "failed_permanently",
        HOPELESS: "failed_permanently",
    }
)


def derive_status(status: dg.DagsterRunStatus, tags: Mapping[str, str]) -> Status:
    """The word for a run in this state of Dagster's, with these tags.

    ``failed``: nobody has decided yet what follows, or another run took over. ``retrying``: a new
    run is due. ``failed_permanently``: the cause does not pass by itself, or the last try failed.
    """
    if status is dg.DagsterRunStatus.SUCCESS:
        return "completed_with_warnings" if tags.get(OUTCOME_TAG) == WARNED else "completed"
    if status is dg.DagsterRunStatus.FAILURE:
        is_permanent = tags.get(FAILURE_TAG) == PERMANENT
        otherwise: Status = "failed_permanently" if is_permanent else "failed"
        return _DECIDED.get(tags.get(RETRY_TAG, ""), otherwise)
    return _WORDS[status]


def refresh_status(instance: dg.DagsterInstance, run_id: str) -> None:
    """Write the word onto the run where it changed; a run that is gone needs none."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    word = derive_status(run.status, run.tags)
    if run.tags.get(STATUS_TAG) != word:
        instance.add_run_tags(run_id, {STATUS_TAG: word})
