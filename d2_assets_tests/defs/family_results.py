"""Results of a family for tests of what is shown: everything is right unless a test says so."""

from typing import Any

from d2_assets.errors import D2AssetsError
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.metadata.compare import Difference, State
from d2_assets.metadata.objects import Adaptation, Refusal
from d2_assets.sync.metadata import FamilyResult


def make_result(**more: Any) -> FamilyResult:
    """Three data elements that are unchanged, and whatever else a test wants."""
    by_class = more.pop("by_class", {"dataElements": {Outcome.UNCHANGED: 3}})
    outcomes: dict[Outcome, int] = {}
    for counts in by_class.values():
        for outcome, count in counts.items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    error: D2AssetsError | None = more.pop("error", None)
    return FamilyResult(
        family="data_elements",
        tally=Tally(more.pop("read", sum(outcomes.values())), outcomes),
        by_class=by_class,
        adaptations=more.pop("adaptations", ()),
        refusals=more.pop("refusals", ()),
        crosswalk=more.pop("crosswalk", ()),
        differences=more.pop("differences", ()),
        destination_only=more.pop("destination_only", 0),
        deferred=0,
        second_pass=0,
        broken=more.pop("broken", 0),
        requests=0,
        not_carried=more.pop("not_carried", ()),
        files={},
        seconds_reading=0.0,
        seconds_pushing=0.0,
        seconds_verifying=0.0,
        error=error,
    )


def refusal(uid: str, code: str = "missing_reference", plural: str = "dataElements") -> Refusal:
    return Refusal(plural, uid, uid.title(), code, f"{uid} lacks something.")


def adaptation(uid: str, name: str = "sharing") -> Adaptation:
    return Adaptation("dataElements", uid, uid.title(), name, "left out", "Nobody knows them.")


def difference(uid: str, state: State, name: str = "name") -> Difference:
    return Difference("dataElements", uid, uid.title(), name, "a", "b", state)
