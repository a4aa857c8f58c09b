from datetime import date
from pathlib import Path
from typing import Any

import pytest

from d2_assets.data_values.choices import Choices, Reverse
from d2_assets.errors import ConfigurationError
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.policy import MetadataPolicy
from d2_assets.settings.models import Instance, Pair, Settings
from d2_assets.sync.choices import choose_data_values, choose_metadata, choose_tracker
from d2_assets.tracker.choices import TrackerChoices


def _pair(**members: Any) -> Pair:
    return Pair.model_validate({"source": "national", "destination": "training", **members})


def _settings(*pairs: Pair, folder: Path = Path(), writing_runs: int = 1) -> Settings:
    instances = tuple(
        Instance.model_validate(
            {
                "name": name,
                "url": f"https://{name}.example.org",
                "auth": {"username": "u", "password_env": "A"},
                "writing_runs": writing_runs if name == "training" else 1,
            }
        )
        for name in ("national", "training")
    )
    return Settings(file=folder / "d2_assets.yaml", instances=instances, pairs=pairs)


def test_a_pair_that_says_nothing_wants_everything() -> None:
    assert choose_data_values(_pair(), _settings(_pair())) == Choices()


def test_each_member_of_a_pair_arrives() -> None:
    pair = _pair(
        filters={
            "data_sets": ["XvcWsuHBsGA"],
            "org_units": ["ImspTQPwCqd"],
            "deepest_level": 4,
            "pull_level": 2,
            "start_date": "2025-01-01",
            "end_date": "2025-12-31",
        },
        import_strategy="CREATE",
        merge_mode="MERGE",
        deletes={"policy": "ignore", "mirror": True, "brake_percent": 5},
        page_size=100,
        chunk_size=1000,
        writers=2,
    )
    assert choose_data_values(pair, _settings(pair, writing_runs=2)) == Choices(
        data_sets=("XvcWsuHBsGA",),
        org_units=("ImspTQPwCqd",),
        deepest_level=4,
        pull_level=2,
        start_date=date(2025, 1, 1),
        end_date=date(2025, 12, 31),
        import_strategy="CREATE",
        merge=True,
        propagate_deletes=False,
        mirror=True,
        brake_percent=5,
        page_size=100,
        chunk_size=1000,
        writers=2,
        writing_runs=2,
    )


@pytest.mark.parametrize(
    ("strategy", "creates", "updates", "deletes"),
    [
        ("CREATE", True, False, False),
        ("UPDATE", False, True, False),
        ("CREATE_AND_UPDATE", True, True, True),
        ("DELETE", False, False, True),
    ],
)
def test_a_strategy_says_what_may_be_written(
    strategy: str, creates: bool, updates: bool, deletes: bool
) -> None:
    pair = _pair(import_strategy=strategy, deletes={"mirror": True})
    choices = choose_data_values(pair, _settings(pair))
    assert (choices.creates, choices.updates) == (creates, updates)
    assert choices.deletes is choices.mirrors is deletes
    assert not Choices(import_strategy=strategy, propagate_deletes=False).deletes


def test_what_active_pairs_move_the_other_way_is_known() -> None:
    ends = {"source": "training", "destination": "national"}
    back = Pair.model_validate(
        {
            **ends,
            "filters": {
                "data_sets": ["XvcWsuHBsGA"],
                "org_units": ["ImspTQPwCqd"],
                "deepest_level": 4,
            },
        }
    )
    idle = Pair.model_validate({**ends, "name": "idle", "active": False})
    events = Pair.model_validate({**ends, "name": "events", "sync_type": "events"})
    whole = Pair.model_validate({**ends, "name": "whole"})
    forth = _pair()
    known = _settings(forth, back, idle, events, whole)
    assert choose_data_values(forth, known).reverse == (
        Reverse(("XvcWsuHBsGA",), ("ImspTQPwCqd",), 4),
        Reverse(),
    )
    assert choose_data_values(back, known).reverse == (Reverse(),)
    assert choose_data_values(forth, _settings(forth, idle, events)).reverse == ()


@pytest.mark.parametrize(("instance", "has_priority"), [("national", True), ("training", False)])
def test_the_rule_for_conflicts_arrives(instance: str, has_priority: bool) -> None:
    pair = _pair(conflicts={"rule": "priority", "priority_instance": instance})
    choices = choose_data_values(pair, _settings(pair))
    assert choices.conflict_rule == "priority"
    assert choices.source_has_priority is has_priority


def test_metadata_of_a_pair_that_says_nothing_are_moved_whole() -> None:
    assert choose_metadata(_pair(), _settings(_pair())) == MetadataChoices()


def test_each_member_for_metadata_arrives(tmp_path: Path) -> None:
    (tmp_path / "same.csv").write_text(
        "class,source,destination\ndataElements,fbfJHSPpUQD,cYeuwXTCPkU\n", encoding="utf-8"
    )
    pair = _pair(
        filters={"org_units": ["ImspTQPwCqd"], "deepest_level": 4},
        import_strategy="CREATE",
        merge_mode="MERGE",
        deletes={"mirror": True, "brake_percent": 5},
        metadata={
            "sharing": "drop_all",
            "users": "leave_out",
            "org_unit_assignments": "restrict",
            "match_by": ["code"],
            "crosswalk": "same.csv",
            "chunk_size": 50,
        },
        page_size=100,
    )
    settings = _settings(pair, folder=tmp_path, writing_runs=2)
    explicit = {"dataElements": {"fbfJHSPpUQD": "cYeuwXTCPkU"}}
    assert choose_metadata(pair, settings) == MetadataChoices(
        policy=MetadataPolicy(sharing="drop_all", users="leave_out", assignments="restrict"),
        org_units=("ImspTQPwCqd",),
        deepest_level=4,
        import_strategy="CREATE",
        merge=True,
        mirror=True,
        brake_percent=5,
        match_by=("code",),
        explicit=explicit,
        page_size=100,
        chunk_size=50,
        writing_runs=2,
    )
    values = choose_data_values(pair, settings)
    assert (values.match_by, values.explicit) == (("code",), explicit)


def test_a_table_of_matches_that_is_not_there_is_named(tmp_path: Path) -> None:
    pair = _pair(metadata={"crosswalk": "missing.csv"})
    settings = _settings(pair, folder=tmp_path)
    with pytest.raises(ConfigurationError, match=r"missing\.csv") as caught:
        choose_metadata(pair, settings)
    assert caught.value.key == "metadata.crosswalk"


def test_events_of_a_pair_that_says_nothing_are_moved_whole() -> None:
    assert choose_tracker(_pair(), _settings(_pair()), "events") == TrackerChoices()


def test_each_member_for_events_and_tracker_arrives() -> None:
    pair = _pair(
        filters={
            "programs": ["eBAyeGv0exc"],
            "program_stages": ["Zj7UnCAulEk"],
            "org_units": ["ImspTQPwCqd"],
            "deepest_level": 4,
            "start_date": "2025-01-01",
            "end_date": "2025-12-31",
        },
        import_strategy="UPDATE",
        merge_mode="MERGE",
        deletes={"policy": "ignore", "mirror": True, "brake_percent": 5},
        metadata={"match_by": ["code"]},
        tracker={
            "skip_rule_engine": False,
            "skip_side_effects": False,
            "import_mode": "async",
            "chunk_size": 50,
            "old_endpoints": True,
        },
        page_size=100,
        writers=2,
    )
    assert choose_tracker(pair, _settings(pair, writing_runs=2), "tracker") == TrackerChoices(
        programs=("eBAyeGv0exc",),
        stages=("Zj7UnCAulEk",),
        org_units=("ImspTQPwCqd",),
        deepest_level=4,
        start_date=date(2025, 1, 1),
        end_date=date(2025, 12, 31),
        import_strategy="UPDATE",
        merge=True,
        propagate_deletes=False,
        mirror=True,
        brake_percent=5,
        match_by=("code",),
        skip_rule_engine=False,
        skip_side_effects=False,
        run_async=True,
        old_endpoints=True,
        page_size=100,
        chunk_size=50,
        writers=2,
        writing_runs=2,
    )


def test_an_asset_is_two_way_where_another_pair_moves_it_back() -> None:
    pair = _pair(sync_type="all_data")
    back = _pair(name="back", source="training", destination="national", sync_type="events")
    settings = _settings(pair, back)
    assert choose_tracker(pair, settings, "events").is_two_way
    assert not choose_tracker(pair, settings, "tracker").is_two_way
