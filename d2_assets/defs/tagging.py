"""What a run says of itself in its tags while it goes on: what it wrote, what stopped it.

Tags are read and written again as a whole: the steps of a run are one process's, one after the
other, so that no number is lost between two of them.
"""

from collections.abc import Sequence

import dagster as dg

from d2_assets.defs.failures import may_pass
from d2_assets.defs.tags import (
    CAUSE_TAG,
    COMPLETED,
    FAILURE_TAG,
    LONGEST_TEXT,
    MEND_TAG,
    OUTCOME_TAG,
    PARTIAL_TAG,
    PERMANENT,
    TRANSIENT,
    WARNED,
    WRITTEN_TAG,
)
from d2_assets.errors import D2AssetsError, join_errors

_Context = dg.AssetExecutionContext | dg.OpExecutionContext


def tag_warned(context: _Context) -> None:
    """The run ended well, or will, and left something to look at."""
    _tag(context, {OUTCOME_TAG: WARNED})


def untag_warned(context: _Context) -> None:
    """Take the warning back where the last answer of each check of the run so far is a pass."""
    records = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    passed: dict[tuple[dg.AssetKey, str, str | None], bool] = {}
    for record in records:
        if event := record.event_log_entry.dagster_event:
            answer = event.asset_check_evaluation_data
            passed[answer.asset_key, answer.check_name, answer.partition] = answer.passed
    if all(passed.values()):
        _tag(context, {OUTCOME_TAG: COMPLETED})


def tag_partial(context: _Context) -> None:
    """The run moves a part of its partitions, and none of them whole."""
    _tag(context, {PARTIAL_TAG: "true"})


def add_written(context: _Context, written: int) -> None:
    """So many more rows or objects were written; a run that wrote nothing says 0."""
    before = _read(context).get(WRITTEN_TAG, "0")
    _tag(context, {WRITTEN_TAG: str(int(before) + written)})


def tag_failure(context: _Context, errors: Sequence[Exception]) -> None:
    """What stopped the run and what to do; permanent unless all of it may pass by itself.

    The first cause stays; only a permanent one takes the place of one that may pass.
    """
    kind = TRANSIENT if all(map(may_pass, errors)) else PERMANENT
    if _read(context).get(FAILURE_TAG) in (PERMANENT, kind):
        return
    cause, mend = _put_in_words(errors)
    _tag(context, {FAILURE_TAG: kind, CAUSE_TAG: cause[:LONGEST_TEXT], MEND_TAG: mend})


def _put_in_words(errors: Sequence[Exception]) -> tuple[str, str]:
    known = [error for error in errors if isinstance(error, D2AssetsError)]
    if len(known) < len(errors):
        strange = next(error for error in errors if not isinstance(error, D2AssetsError))
        return f"{type(strange).__name__}: {strange}", "Look at the log of the run."
    joined = join_errors(known)
    return joined.message, joined.remedy or "Look at the log of the run."


def _read(context: _Context) -> dict[str, str]:
    run = context.instance.get_run_by_id(context.run.run_id)
    return dict(run.tags) if run else {}


def _tag(context: _Context, tags: dict[str, str]) -> None:
    context.instance.add_run_tags(context.run.run_id, tags)
