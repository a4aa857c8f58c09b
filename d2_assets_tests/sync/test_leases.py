"""Which runs may work beside each other on the same servers."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from d2_assets.errors import TransientError
from d2_assets.ledger import lease
from d2_assets.staging.layout import Home
from d2_assets.sync.errand import Errand
from d2_assets.sync.leases import hold_leases
from d2_assets.sync.progress import Meter

NORTH, SOUTH, CENTRE = "https://north.example", "https://south.example", "https://centre.example"


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits: who must wait is refused."""
    monkeypatch.setattr(lease, "_wait_for_one", lambda locks, seconds: None)


def _hold(
    folder: Path,
    pair: str,
    ends: tuple[str, str],
    writing_runs: int,
    *,
    is_two_way: bool = False,
    is_preview: bool = False,
) -> AbstractContextManager[None]:
    work = Errand(
        pair=pair,
        months=("202404",),
        run=f"of {pair}",
        home=Home(folder),
        meter=Meter(lambda: 0.0, lambda progress: None),
        clock=lambda: 0.0,
        is_preview=is_preview,
    )
    return hold_leases(
        work, *ends, is_two_way=is_two_way, preview="preview", writing_runs=writing_runs
    )


def test_two_pairs_write_to_one_destination_where_its_settings_permit_two(tmp_path: Path) -> None:
    north, south = ("north", (NORTH, CENTRE)), ("south", (SOUTH, CENTRE))
    with _hold(tmp_path, *north, 2), _hold(tmp_path, *south, 2):
        pass
    with (
        _hold(tmp_path, *north, 1),
        pytest.raises(TransientError, match="of north"),
        _hold(tmp_path, *south, 1),
    ):
        pass


def test_two_runs_of_one_pair_never_write_beside_each_other(tmp_path: Path) -> None:
    pair = ("north", (NORTH, CENTRE))
    with (
        _hold(tmp_path, *pair, 4),
        pytest.raises(TransientError, match="works on pair north"),
        _hold(tmp_path, *pair, 4),
    ):
        pass


def test_the_two_directions_of_a_pair_never_write_beside_each_other(tmp_path: Path) -> None:
    with (
        _hold(tmp_path, "there", (NORTH, CENTRE), 4, is_two_way=True),
        pytest.raises(TransientError, match="of there"),
        _hold(tmp_path, "back", (CENTRE, NORTH), 4, is_two_way=True),
    ):
        pass


def test_a_preview_waits_for_nobody_who_writes(tmp_path: Path) -> None:
    pair = ("north", (NORTH, CENTRE))
    with _hold(tmp_path, *pair, 1), _hold(tmp_path, *pair, 1, is_preview=True):
        pass


def test_after_a_failure_nothing_is_held_while_a_retry_waits(tmp_path: Path) -> None:
    pair = ("north", (NORTH, CENTRE))
    with (
        pytest.raises(TransientError, match="went away"),
        _hold(tmp_path, *pair, 2, is_two_way=True),
    ):
        raise TransientError("The destination went away.")
    with _hold(tmp_path, *pair, 2, is_two_way=True):
        pass
