"""Event reports, event charts and event visualizations are one thing under three names.

Since 2.38 a server keeps all of them as event visualizations and lists the older kinds in both
views, under one UID [seen 2.38-2.43]: the same object must not travel twice. What comes under an
old name alone (a package of 2.37) becomes an event visualization.
"""

from collections.abc import Sequence

from d2_assets.dhis2.schemas import Schemas
from d2_assets.metadata.policy import Step

EVENT_VISUALIZATIONS = "eventVisualizations"
REPORTS = "eventReports"
CHARTS = "eventCharts"

#: What an object of an older view is when it does not say so.
_TYPES = {REPORTS: "PIVOT_TABLE", CHARTS: "COLUMN"}
_TABLES = frozenset({"PIVOT_TABLE", "LINE_LIST"})

_TWIN = (
    "It is the event visualization of the same UID and travels as that: servers list it under "
    "both names."
)


def merge_views(steps: Sequence[Step], destination: Schemas) -> None:
    """Let each object travel once, under the name that the destination keeps it by."""
    if destination.get(EVENT_VISUALIZATIONS) is None:
        for step in steps:
            if step.plural == EVENT_VISUALIZATIONS:
                _split(step)
        return
    whole = {step.item.id for step in steps if step.plural == EVENT_VISUALIZATIONS}
    for step in steps:
        if step.plural not in _TYPES:
            continue
        if step.item.id in whole:
            step.leave_out("same_object", _TWIN)
        else:
            _become(step)


def _become(step: Step) -> None:
    step.body.setdefault("type", _TYPES[step.plural])
    step.body["legacy"] = True
    step.adapt(
        "class",
        f"sent as {EVENT_VISUALIZATIONS}",
        "Event reports and charts are kept as event visualizations.",
    )
    step.plural = EVENT_VISUALIZATIONS


def _split(step: Step) -> None:
    step.plural = REPORTS if step.body.get("type") in _TABLES else CHARTS
    step.adapt(
        "class", f"sent as {step.plural}", "The destination has no class of event visualizations."
    )
