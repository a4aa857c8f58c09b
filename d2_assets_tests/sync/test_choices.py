from datetime import date
from typing import Any

import pytest

from d2_assets.data_values.choices import Choices
from d2_assets.settings.models import Pair
from d2_assets.sync.choices import choose_data_values


def _pair(**members: Any) -> Pair:
    return Pair.model_validate({"source": "national", "destination": "training", **members})


def test_a_pair_that_says_nothing_wants_everything() -> None:
    assert choose_data_values(_pair()) == Choices()


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
    assert choose_data_values(pair) == Choices(
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
    choices = choose_data_values(_pair(import_strategy=strategy, deletes={"mirror": True}))
    assert (choices.creates, choices.updates) == (creates, updates)
    assert choices.deletes is choices.mirrors is deletes
    assert not Choices(import_strategy=strategy, propagate_deletes=False).deletes
