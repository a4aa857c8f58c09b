"""How many runs Dagster makes of the partitions that a person ticks, by the code of its daemon."""

from collections.abc import Sequence

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.automation_tick_evaluation_context import (
    build_run_requests_with_backfill_policies,
)
from dagster._core.definitions.events import AssetKeyPartitionKey
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.definitions import build_definitions
from d2_assets.defs.jobs import JOB_OF, list_asset_keys
from d2_assets.periods import iterate_months
from d2_assets.settings import parse_settings
from d2_assets.settings.vocabulary import SyncType
from d2_assets_tests.settings.texts import FILE, GOOD

OTHER = "  - {name: other, source: national, destination: training}\n"
MONTHS = tuple(iterate_months("202401", "202512"))
ENDS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return build_definitions(parse_settings(GOOD + OTHER, FILE)).resolve_asset_graph()


def list_runs(graph: AssetGraph, sync_type: SyncType, keys: Sequence[str]) -> list[tuple[str, str]]:
    """First and last partition of each run."""
    with dg.DagsterInstance.ephemeral() as instance:
        requests = build_run_requests_with_backfill_policies(
            [
                AssetKeyPartitionKey(asset, key)
                for asset in list_asset_keys(sync_type)
                for key in keys
            ],
            graph,
            instance,
        )
    for request in requests:
        assert set(request.asset_selection or ()) == set(list_asset_keys(sync_type))
    return sorted((request.tags[ENDS[0]], request.tags[ENDS[1]]) for request in requests)


@settings(max_examples=15)
@given(
    sync_type=st.sampled_from(list(JOB_OF)),
    first=st.integers(0, len(MONTHS) - 1),
    length=st.integers(1, len(MONTHS)),
)
def test_any_range_of_months_of_one_pair_is_one_run_of_all_assets(
    graph: AssetGraph, sync_type: SyncType, first: int, length: int
) -> None:
    keys = [f"other|{month}" for month in MONTHS[first : first + length]]
    assert list_runs(graph, sync_type, keys) == [(keys[0], keys[-1])]


def test_ranges_of_several_pairs_are_one_run_each(graph: AssetGraph) -> None:
    keys = [f"{pair}|{month}" for pair in ("other", "national--training") for month in MONTHS[:3]]
    assert list_runs(graph, "complete", keys) == [(keys[3], keys[5]), (keys[0], keys[2])]
