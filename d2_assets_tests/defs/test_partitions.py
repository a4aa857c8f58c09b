from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.defs.partitions import build_partitions, group_by_pair, join_key
from d2_assets.settings import Settings
from d2_assets.settings.loading import parse_settings
from d2_assets_tests.settings.texts import with_change


def read_settings(folder: Path) -> Settings:
    return parse_settings(with_change("202401", "202311"), folder / "settings.yaml")


def test_partition_keys_read_pair_then_month(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    keys = build_partitions(settings).get_partition_keys(
        current_time=datetime(2024, 2, 10, tzinfo=UTC)
    )
    first = settings.pairs[0].name
    assert keys[:4] == [f"{first}|{month}" for month in ("202311", "202312", "202401", "202402")]
    assert len(keys) == 4 * len(settings.pairs)


def test_the_running_month_is_a_partition_and_the_next_is_not(tmp_path: Path) -> None:
    partitions = build_partitions(read_settings(tmp_path))
    keys = partitions.get_partition_keys(current_time=datetime(2024, 2, 1, tzinfo=UTC))
    assert max(keys).endswith("|202402")


def test_a_full_key_is_the_one_that_dagster_makes(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    key = join_key(settings.pairs[0].name, "202311")
    assert isinstance(key, dg.MultiPartitionKey)
    assert key == f"{settings.pairs[0].name}|202311"
    assert key.keys_by_dimension == {"period": "202311", "pair": settings.pairs[0].name}
    assert build_partitions(settings).has_partition_key(key)


_PAIRS = st.sampled_from(["national--training", "b", "a--c"])
_MONTHS = st.sampled_from(["202311", "202312", "202401", "202402"])


@given(st.lists(st.tuples(_PAIRS, _MONTHS), unique=True))
def test_grouping_keeps_every_month_with_its_pair(keys: list[tuple[str, str]]) -> None:
    grouped = group_by_pair(f"{pair}|{month}" for pair, month in keys)
    assert {(pair, month) for pair, months in grouped.items() for month in months} == set(keys)
    assert sum(len(months) for months in grouped.values()) == len(keys)
    assert all(months == sorted(months) for months in grouped.values())
