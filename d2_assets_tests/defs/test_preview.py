"""The job ``preview`` over metadata families: in their order, each counting on those before it."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from d2_assets_tests.defs.family_runs import MONTHS, PAIR, Country, make_country
from d2_assets_tests.defs.test_metadata import COMBO, ELEMENT, fail_at
from d2_assets_tests.journeys.runs import Run

MONTH = MONTHS[0]
SET = {
    "id": "set",
    "name": "Set",
    "dataSetElements": [{"dataSet": {"id": "set"}, "dataElement": {"id": "element"}}],
}


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    with dg.DagsterInstance.ephemeral() as instance:
        country = make_country(tmp_path, monkeypatch, instance)
        country.source.add("categoryCombos", COMBO).add("dataElements", ELEMENT)
        country.source.add("dataSets", SET)
        yield country


def read_plans(run: Run) -> dict[str, dict[str, dg.MetadataValue]]:
    """What was observed of each asset, by its name."""
    return {
        item.asset_key.to_user_string(): dict(item.metadata)
        for item in run.observations
        if "plan" in item.metadata and item.partition == f"{PAIR}|{MONTH}"
    }


def test_what_is_planned_further_up_counts_as_present(country: Country) -> None:
    run = country.preview("metadata")
    assert run.success, run.failure
    plans = read_plans(run)
    assert len(plans) == 15
    for name in ("categories", "data_elements", "data_sets"):
        plan = plans[f"metadata/{name}"]
        assert (plan["create"].value, plan["quarantined"].value) == (1, 0), name
    assert country.destination.imports == []
    assert run.materialised == []


def test_a_family_planned_alone_says_what_it_would_lack(country: Country) -> None:
    run = country.preview("metadata/data_sets")
    plan = read_plans(run)
    assert plan.keys() == {"metadata/data_sets"}
    assert plan["metadata/data_sets"]["quarantined"].value == 1
    assert plan["metadata/data_sets"]["create"].value == 0


def test_families_are_planned_in_their_order_whatever_the_order_of_the_configuration(
    country: Country,
) -> None:
    run = country.preview("metadata/data_sets", "metadata/data_elements", "metadata/categories")
    names = [name.removeprefix("metadata/") for name in read_plans(run)]
    assert names == ["categories", "data_elements", "data_sets"]
    assert read_plans(run)["metadata/data_sets"]["create"].value == 1


def test_a_family_that_cannot_be_planned_stops_only_what_refers_to_it(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, "data_elements")
    run = country.preview("metadata")
    assert not run.success
    assert run.failure == "data_elements was cut off. Run again."
    plans = read_plans(run)
    assert "metadata/tracker" in plans
    assert "metadata/categories" in plans
    assert not {"metadata/data_elements", "metadata/data_sets", "metadata/programs"} & plans.keys()


def test_families_outside_the_filters_have_no_plan(country: Country) -> None:
    country.pairs = {PAIR: {"sync_type": "metadata", "filters": {"families": ["categories"]}}}
    run = country.preview("metadata", "data_values")
    assert run.success, run.failure
    assert read_plans(run).keys() == {"metadata/categories"}


def test_a_plan_shows_what_would_be_done_class_by_class(country: Country) -> None:
    run = country.preview("metadata/categories")
    plan = run.observe(MONTH, "plan")
    assert plan["classes"] == [{"class": "categoryCombos", "objects": 1, "create": 1}]
    assert {row["action"]: row["objects"] for row in plan["plan"]}["create"] == 1
    assert plan["objects_to_send"] == 1
    assert plan["source"] == "https://national.example.org"
