"""Metadata families as assets: what follows what, what is left out, and what a failure stops."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.defs.assets import metadata
from d2_assets.defs.stock_types import INDICATORS
from d2_assets.errors import TransientError
from d2_assets.metadata.families import DATA_VALUES_NEED, FAMILIES
from d2_assets_tests.defs.family_runs import MONTHS, PAIR, Country, make_country
from d2_assets_tests.journeys.runs import Run

VALUES = "data/data_values"
WORK_LIST = "overview/quarantine"
FAMILY_ASSETS = tuple(f"metadata/{name}" for name in FAMILIES)
COMBO = {"id": "combo", "name": "Sex", "code": "SEX", "categories": []}
ELEMENT = {
    "id": "element",
    "name": "ANC first visit",
    "shortName": "ANC 1",
    "code": "ANC1",
    "categoryCombo": {"id": "combo"},
}


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield make_country(tmp_path, monkeypatch, instance)


@pytest.fixture
def filled(country: Country) -> Country:
    """A source with a category combo and a data element that refers to it."""
    country.source.add("categoryCombos", COMBO).add("dataElements", ELEMENT)
    return country


def list_materialised(run: Run) -> set[str]:
    """The assets that were marked as materialised in the first month."""
    return {
        name
        for name in (*FAMILY_ASSETS, VALUES, WORK_LIST)
        if f"{PAIR}|{MONTHS[0]}" in run.materialised_of(name)
    }


def find_stopped(family: str) -> set[str]:
    """The assets that refer to a family, also by way of others."""
    stopped = {family}
    for other in FAMILIES.values():
        if stopped.intersection(other.needs):
            stopped.add(other.name)
    assets = {f"metadata/{name}" for name in stopped - {family}}
    return assets | ({VALUES, WORK_LIST} if stopped & set(DATA_VALUES_NEED) else set())


def fail_at(patch: pytest.MonkeyPatch, *families: str) -> None:
    plan_family = metadata.plan_family

    def plan_or_fail(work, *rest):
        if work.family in families:
            raise TransientError(f"{work.family} was cut off.", remedy="Run again.")
        return plan_family(work, *rest)

    patch.setattr(metadata, "plan_family", plan_or_fail)


def test_all_families_and_the_data_after_them_are_one_run(filled: Country) -> None:
    run = filled.run()
    assert run.success, run.failure
    assert list_materialised(run) == {*FAMILY_ASSETS, VALUES, WORK_LIST}
    assert filled.destination.written == ["combo", "element"]
    checks = {(check.asset_key.to_user_string(), check.check_name) for check in run.checks}
    assert checks == {
        (name, check)
        for name in FAMILY_ASSETS
        for check in ("no_row_is_lost", "metadata_equals_source")
    }
    assert all(check.passed for check in run.checks)


def test_metadata_of_a_range_are_done_once_and_each_month_shows_the_same(filled: Country) -> None:
    run = filled.run("metadata/categories", "metadata/data_elements", months=MONTHS)
    assert run.success, run.failure
    assert run.materialised_of("metadata/data_elements") == [f"{PAIR}|{month}" for month in MONTHS]
    shown = [run.show(month, asset="metadata/data_elements") for month in MONTHS]
    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["created"] == 1
    assert filled.destination.imports == [
        {"categoryCombos": ["combo"]},
        {"dataElements": ["element"]},
    ]
    told = [check.partition for check in run.checks if check.partition]
    assert len(told) == 3 * 2 * 2


def test_a_second_run_writes_nothing_and_has_no_warning(filled: Country) -> None:
    filled.run()
    filled.destination.imports.clear()
    run = filled.run()
    assert run.success, run.failure
    assert filled.destination.imports == []
    assert run.show(MONTHS[0], asset="metadata/data_elements")["unchanged"] == 1
    assert "d2/outcome" not in run.tags


@pytest.mark.parametrize("months", [MONTHS[:1], MONTHS], ids=["a month", "a range"])
@pytest.mark.parametrize(
    ("settings", "asset"),
    [
        ({"sync_type": "data"}, VALUES),
        ({"sync_type": "both", "filters": {"families": ["data_elements"]}},
         "metadata/data_elements"),
    ],
    ids=["metadata left out", "other families left out"],
)  # fmt: skip
def test_what_is_left_out_does_not_hold_up_what_follows(
    filled: Country, settings: dict, asset: str, months: tuple[str, ...]
) -> None:
    filled.destination.add("categoryCombos", COMBO)
    filled.pairs = {PAIR: settings}
    run = filled.run(months=months)
    assert run.success, run.failure
    assert list_materialised(run) == {asset, VALUES, WORK_LIST}
    assert run.materialised_of(asset) == [f"{PAIR}|{month}" for month in months]
    assert len(filled.asked) == (0 if asset == VALUES else 4)
    left_out = [entry.user_message for entry in run.log if "not part of" in entry.user_message]
    others = ("events", "tracker", "stock_movements", *INDICATORS)
    assert len(left_out) == len(FAMILIES) - (asset != VALUES) + len(others)


def test_pairs_of_one_run_are_left_out_each_for_itself(filled: Country) -> None:
    only_data = {"sync_type": "data"}
    filled.pairs = {PAIR: {"sync_type": "metadata"}, "data-only": only_data}
    run = filled.run(to_pair="data-only")
    assert run.success, run.failure
    assert run.materialised_of("metadata/data_elements") == [f"{PAIR}|{MONTHS[0]}"]
    assert run.materialised_of(VALUES) == [f"data-only|{MONTHS[0]}"]
    assert run.materialised_of(WORK_LIST) == [f"data-only|{MONTHS[0]}"]


@pytest.mark.parametrize("family", ["system", "legends", "categories", "tracker", "indicators"])
def test_a_failed_family_stops_exactly_what_refers_to_it(
    country: Country, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    fail_at(monkeypatch, family)
    run = country.run()
    assert not run.success
    assert run.failure == f"{family} was cut off. Run again."
    everything = {*FAMILY_ASSETS, VALUES, WORK_LIST}
    stopped = find_stopped(family)
    assert list_materialised(run) == everything - stopped - {f"metadata/{family}"}


@pytest.mark.parametrize(
    ("family", "goes_on"),
    [
        ("tracker", {"data_elements", "indicators", "data_sets", "validation", "predictors"}),
        ("programs", {"data_elements", "indicators", "data_sets", "validation", "predictors"}),
        ("validation", set(FAMILIES) - {"validation"}),
        ("analytics", set(FAMILIES) - {"analytics"}),
    ],
)
def test_data_go_on_when_a_family_fails_that_they_do_not_name(
    family: str, goes_on: set[str]
) -> None:
    stopped = find_stopped(family)
    assert not stopped & {VALUES, WORK_LIST, *(f"metadata/{name}" for name in goes_on)}


def test_a_family_that_fails_while_pushing_tells_every_month_where_its_objects_are(
    filled: Country,
) -> None:
    filled.destination.add("categoryCombos", COMBO)
    filled.destination.failures += [TransientError("The line is cut.")] * 9
    run = filled.run("metadata/data_elements", months=MONTHS)
    assert not run.success
    assert run.materialised_of("metadata/data_elements") == []
    for month in MONTHS:
        assert run.observe(month, "not_attempted")["not_attempted"] == 1
    assert {check.passed for check in run.checks if check.check_name != "no_row_is_lost"} == {False}


def test_an_object_in_quarantine_is_a_warning_and_stops_nothing(filled: Country) -> None:
    filled.source.add("dataElements", ELEMENT | {"id": "lone", "code": "L", "name": "Lone",
                                                 "optionSet": {"id": "nowhere"}})  # fmt: skip
    run = filled.run()
    assert run.success, run.failure
    assert list_materialised(run) == {*FAMILY_ASSETS, VALUES, WORK_LIST}
    shown = run.show(MONTHS[0], asset="metadata/data_elements")
    assert (shown["created"], shown["quarantined"]) == (1, 1)
    assert "nowhere" in shown["quarantine"][0]["reason"]
    (check,) = [one for one in run.checks if not one.passed]
    assert check.asset_key.to_user_string() == "metadata/data_elements"
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert "1 quarantined" in (check.description or "")
    assert run.tags["d2/outcome"] == "completed_with_warnings"


def test_progress_is_observed_on_the_partition_of_the_family(filled: Country) -> None:
    run = filled.run("metadata/data_elements")
    told = [item for item in run.observations if "stage" in item.metadata]
    assert {item.partition for item in told} == {f"{PAIR}|{MONTHS[0]}"}
    assert {item.asset_key.to_user_string() for item in told} == {"metadata/data_elements"}
