"""Metadata and data in one backfill, as the UI's button "Materialize all" starts it.

Where an asset is not part of a pair, Dagster calls the backfill failed in the end, since it waits
for partitions that are rightly not marked; its runs are successes, and what belongs to the pair is
there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from d2_assets.defs.assets.data_values import KEY
from d2_assets.defs.assets.tracker import EVENTS, TRACKER
from d2_assets.defs.jobs import list_asset_keys
from d2_assets_tests.defs.family_runs import MONTHS, PAIR, Country, make_country
from d2_assets_tests.journeys.backfills import backfill, open_instance

pytestmark = pytest.mark.filterwarnings("ignore:Error loading repository location")
OTHER = "only-data"


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    with open_instance(tmp_path / "dagster") as instance:
        yield make_country(tmp_path, monkeypatch, instance)


def backfill_everything(country: Country, keys: Sequence[str]) -> BulkActionStatus:
    """All that may be part of a pair of two DHIS2; stock is part of other pairs."""
    country.build()
    every = sorted(list_asset_keys("complete"))
    return backfill(country.instance, country.folder / "settings.yaml", every[0], keys, *every[1:])


def ended_well(country: Country) -> bool:
    return all(run.status is dg.DagsterRunStatus.SUCCESS for run in country.instance.get_runs())


def list_keys(country: Country, asset: dg.AssetKey) -> list[str]:
    return sorted(country.instance.get_materialized_partitions(asset))


def test_a_range_of_metadata_and_data_is_one_run_and_ends(country: Country) -> None:
    country.pairs = {PAIR: {"sync_type": "complete"}}
    country.source.add("categoryCombos", {"id": "combo", "name": "Sex", "categories": []})
    keys = [f"{PAIR}|{month}" for month in MONTHS]
    assert backfill_everything(country, keys) is BulkActionStatus.COMPLETED_SUCCESS
    assert len(country.instance.get_runs()) == 1
    assert country.destination.written == ["combo"]
    for asset in (dg.AssetKey(["metadata", "categories"]), KEY, EVENTS, TRACKER):
        assert list_keys(country, asset) == keys


def test_a_pair_without_metadata_has_its_data_moved(country: Country) -> None:
    country.pairs = {PAIR: {"sync_type": "data"}}
    keys = [f"{PAIR}|{month}" for month in MONTHS]
    backfill_everything(country, keys)
    assert ended_well(country)
    assert list_keys(country, dg.AssetKey(["metadata", "system"])) == []
    assert list_keys(country, KEY) == keys
    assert country.asked == []


def test_pairs_of_one_month_have_just_what_is_part_of_them(country: Country) -> None:
    country.pairs = {PAIR: {"sync_type": "both"}, OTHER: {"sync_type": "data"}}
    keys = sorted(f"{pair}|{MONTHS[0]}" for pair in (PAIR, OTHER))
    backfill_everything(country, keys)
    assert ended_well(country)
    assert list_keys(country, dg.AssetKey(["metadata", "system"])) == [f"{PAIR}|{MONTHS[0]}"]
    assert list_keys(country, KEY) == keys
