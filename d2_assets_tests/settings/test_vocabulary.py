from typing import get_args

import pytest

from d2_assets.settings import Pair
from d2_assets.settings.vocabulary import MOVES, Moved, SyncType


def test_the_table_knows_every_sync_type_and_every_thing_that_moves() -> None:
    assert set(MOVES) == set(get_args(SyncType))
    assert frozenset().union(*MOVES.values()) == set(get_args(Moved))


@pytest.mark.parametrize(
    ("sync_type", "moved"),
    [
        ("metadata", {"metadata"}),
        ("data", {"data_values"}),
        ("events", {"events"}),
        ("tracker", {"tracker"}),
        ("both", {"metadata", "data_values"}),
        ("all_data", {"data_values", "events", "tracker"}),
        ("complete", {"metadata", "data_values", "events", "tracker"}),
        ("stock", {"stock"}),
    ],
)
def test_a_pair_moves_what_its_sync_type_says(sync_type: SyncType, moved: set[Moved]) -> None:
    pair = Pair(source="national", destination="training", sync_type=sync_type)
    assert {what for what in get_args(Moved) if pair.moves(what)} == moved
