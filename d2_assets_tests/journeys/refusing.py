"""How a destination comes to refuse rows, and what such a run must look like."""

from collections.abc import Collection

from d2_assets.sandbox import Store, StoredValue
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import change_object, find_object, list_values

WARNED = {"d2/outcome": "completed_with_warnings"}


def keep_units(store: Store, data_set: str, share: int) -> set[str]:
    """Leave every ``share``-th org unit of a data set; gives the others."""
    units = sorted(
        unit["id"] for unit in find_object(store, "dataSets", data_set)["organisationUnits"]
    )
    kept = units[::share]
    change_object(store, "dataSets", data_set, {"organisationUnits": [{"id": uid} for uid in kept]})
    return set(units) - set(kept)


def remove_elements(store: Store, data_set: str, elements: Collection[str]) -> None:
    """Take data elements out of a data set and out of the server."""
    members = find_object(store, "dataSets", data_set)["dataSetElements"]
    left = [member for member in members if member["dataElement"]["id"] not in elements]
    change_object(store, "dataSets", data_set, {"dataSetElements": left})
    store.delete_metadata("dataElements", elements)


def find_live(journey: Journey, month: str, elements: Collection[str]) -> list[StoredValue]:
    """The live values of some data elements at the source."""
    values = list_values(journey.source.store, [month])
    return [value for value in values if value.data_element in elements and not value.deleted]


def assert_completed_with_warnings(run: Run, refused: int) -> None:
    assert run.success
    assert run.check("no_row_is_lost").passed
    equal = run.check("destination_equals_source")
    assert not equal.passed
    assert equal.severity.value == "WARN"
    assert f"{refused} quarantined" in (equal.description or "")
    assert WARNED.items() <= run.tags.items()
