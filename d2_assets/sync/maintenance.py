"""What a server is asked to do by itself: make option combos, forget what it keeps in memory.

Maintenance that is refused does not stop a push: what it is for is told by name afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from d2_assets.errors import D2AssetsError
from d2_assets.metadata.objects import Adaptation, Key
from d2_assets.metadata.option_combos import (
    CATEGORIES,
    COMBOS,
    OPTION_COMBOS,
    find_unfinished,
    list_late,
    settle_generated,
)
from d2_assets.metadata.plan import Action
from d2_assets.metadata.push import Line, push_objects
from d2_assets.metadata.settlement import Settlement
from d2_assets.sync.family import PlannedFamily

_CATEGORY_CLASSES = frozenset({CATEGORIES, COMBOS, OPTION_COMBOS})


@dataclass(slots=True)
class Pushed:
    """What came of sending a family. ``generated``: UIDs of option combos that the server made, by
    key at the source; ``warnings`` are told beside the adaptations."""

    settlement: Settlement = field(default_factory=Settlement)
    generated: Mapping[Key, str] = field(default_factory=dict)
    warnings: list[Adaptation] = field(default_factory=list)


def maintain(planned: PlannedFamily, what: str, ask: Callable[[], None]) -> None:
    """Ask the destination for maintenance; a refusal is told in the log."""
    try:
        ask()
    except D2AssetsError as error:
        planned.work.warn(f"{planned.destination.name} could not be asked to {what}: {error}")


def complete_option_combos(planned: PlannedFamily, line: Line, pushed: Pushed) -> None:
    """Have the server make what its combos lack, send what differs in it, tell what it lacks."""
    if not _touches_combos(planned, pushed.settlement):
        return
    try:
        _complete(planned, line, pushed)
    except D2AssetsError as error:
        pushed.settlement.error = error


def _touches_combos(planned: PlannedFamily, settlement: Settlement) -> bool:
    waits = any(one.action == Action.GENERATE or one.is_late for one in planned.plan)
    return waits or any(plural in _CATEGORY_CLASSES for plural, _ in settlement.taken)


def _complete(planned: PlannedFamily, line: Line, pushed: Pushed) -> None:
    client, size = planned.destination, planned.work.choices.page_size
    combos = {item["id"]: item for item in client.iterate_owned(COMBOS, size)}
    categories = list(client.iterate_owned(CATEGORIES, size))
    there = client.list_option_combos(size)
    unfinished = find_unfinished(combos.values(), categories, there)
    if unfinished:
        pushed.settlement.requests += 1
        maintain(planned, "make category option combos", client.update_option_combos)
        there = client.list_option_combos(size)
        unfinished = find_unfinished(combos.values(), categories, there)
    plan = planned.plan.planned
    pushed.generated = settle_generated(plan, there)
    if pushed.generated or any(one.is_late for one in plan):
        bodies = {item["id"]: item for item in client.iterate_owned(OPTION_COMBOS, size)}
        late = list_late(plan, pushed.generated, bodies, combos, planned.comparison)
        pushed.settlement.add(push_objects(line, late))
    pushed.warnings += [
        Adaptation(
            COMBOS,
            uid,
            str(combos[uid].get("name") or ""),
            OPTION_COMBOS,
            f"{missing} option combos are missing at the destination",
            "The server did not make them when it was asked to. Run the maintenance of category "
            "option combos there.",
        )
        for uid, missing in unfinished.items()
    ]
