"""How rows come on a work list, and what a person then does with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from d2_assets.sandbox import Store, StoredValue
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.refusing import find_live, remove_elements
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH, element_id, find_object, list_registrations

#: The asset that shows the list.
LIST = "overview/quarantine"
#: What only the observation of a replay shows.
OBSERVED = "rows_chosen"


def lose_malaria(journey: Journey) -> Callable[[], None]:
    """Take an element out of the destination; gives how to put it back."""
    store = journey.destination.store
    malaria = find_object(store, "dataElements", "OPD_MALARIA")
    data_set = find_object(store, "dataSets", "HF_MONTHLY")
    remove_elements(store, "HF_MONTHLY", {malaria["id"]})

    def mend() -> None:
        store.put_metadata("dataElements", [malaria])
        store.put_metadata("dataSets", [data_set])

    return mend


def replay(journey: Journey, month: str = MONTH, **config: Sequence[str]) -> Run:
    """The job ``replay_quarantine``."""
    return journey.run_job(
        "replay_quarantine", {"ops": {"replay": {"config": dict(config)}}}, month
    )


def decide(journey: Journey, job: str, **config: Any) -> Run:
    """The job that discards rows or takes that back; ``config`` changes what is usual."""
    op = {"discard_quarantined": "discard", "restore_discarded": "restore"}[job]
    usual = {"name": "Awa Diop", "reason": "Entered twice on paper."}
    return journey.run_job(job, {"ops": {op: {"config": usual | config}}}, MONTH)


def discard(journey: Journey, ids: Sequence[str], **config: Any) -> Run:
    """The job ``discard_quarantined`` for these ids."""
    return decide(journey, "discard_quarantined", **({"rows": list(ids)} | config))


def list_outcomes(run: Run, kind: str = "outcomes", month: str = MONTH) -> dict[str, int]:
    """Rows of a replay per outcome, those above 0."""
    shown = run.observe(month, OBSERVED)[kind]
    return {row["outcome"]: row["rows"] for row in shown if row["rows"]}


def list_ids(journey: Journey, month: str = MONTH) -> list[str]:
    """The ids on the work list of a month."""
    return [row["id"] for row in journey.quarantine(month)]


def find_spoilt(journey: Journey, text: str = "many") -> StoredValue:
    """One value of the month that cannot land: words where a number must be."""
    store = journey.source.store
    one = find_live(journey, MONTH, {element_id(store, "OPD_MALARIA")})[0]
    spoilt = replace(one, value=text, last_updated=None)
    store.put_data_values([spoilt])
    return spoilt


def spoil_registration(journey: Journey) -> tuple[Store, dict[str, Any]]:
    """Take the unit of one registration out of its data set at the destination."""
    store = journey.destination.store
    one = list_registrations(journey.source.store, [MONTH])[0]
    data_set = next(item for item in store.metadata("dataSets") if item["id"] == one.data_set)
    left = [unit for unit in data_set["organisationUnits"] if unit["id"] != one.org_unit]
    store.put_metadata("dataSets", [data_set | {"organisationUnits": left}])
    return store, data_set


def find_registration(journey: Journey) -> dict[str, Any]:
    """The one registration on the list."""
    (row,) = [row for row in journey.quarantine(MONTH) if row["kind"] == "completeness"]
    return row
