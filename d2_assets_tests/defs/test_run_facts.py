"""What a run is about, whoever launched it."""

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from d2_assets.defs.run_facts import RunFacts, read_run_facts
from d2_assets.metadata.families import FAMILIES

PAIRS = ("a--b", "b--c", "c--d")
FAMILY_ASSETS = {f"metadata/{name}" for name in FAMILIES}
VALUES = "data/data_values"


def read(job: str, tags: dict[str, str], assets: set[str] | None = None) -> RunFacts:
    keys = None if assets is None else {dg.AssetKey.from_user_string(name) for name in assets}
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(instance, job, tags=tags, asset_selection=keys)
        return read_run_facts(run, PAIRS)


def span(first: str, last: str) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


@pytest.mark.parametrize(
    ("tags", "pairs", "months"),
    [
        ({"dagster/partition": "b--c|202404"}, ("b--c",), ("202404",)),
        (span("a--b|202311", "a--b|202401"), ("a--b",), ("202311", "202312", "202401")),
        (span("a--b|202404", "c--d|202404"), PAIRS, ("202404",)),
        (span("b--c|202404", "gone|202404"), ("b--c", "gone"), ("202404",)),
        ({"d2/pair": "b--c", "dagster/partition": "b--c|202404"}, ("b--c",), ("202404",)),
        ({"d2/pair": "a--b,b--c"}, ("a--b", "b--c"), ()),
        ({}, (), ()),
    ],
)
def test_pairs_and_months_are_those_of_the_rectangle(
    tags: dict[str, str], pairs: tuple[str, ...], months: tuple[str, ...]
) -> None:
    facts = read("data", tags)
    assert (facts.pairs, facts.months) == (pairs, months)


@pytest.mark.parametrize(
    ("job", "assets", "writes"),
    [
        ("data", None, {VALUES}),
        ("complete", None, {*FAMILY_ASSETS, VALUES, "data/events", "data/tracker"}),
        ("complete", {"metadata/users", "overview/quarantine"}, {"metadata/users"}),
        ("stock", None, {VALUES}),
        ("__ASSET_JOB", {"stock/received"}, {VALUES}),
        ("__ASSET_JOB", {"overview/quarantine"}, set()),
        ("__anonymous_asset_job_retries", {"data/events"}, {"data/events"}),
        ("replay_quarantine", None, {VALUES}),
        ("preview", None, set()),
        ("resume_pair", None, set()),
    ],
)
def test_what_a_run_writes_is_told_by_its_assets_or_its_job(
    job: str, assets: set[str] | None, writes: set[str]
) -> None:
    assert read(job, {}, assets).writes == writes
