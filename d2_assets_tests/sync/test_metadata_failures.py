"""Runs that are killed, cancelled, refused or cut off: nothing is sent twice or left unknown."""

from pathlib import Path
from threading import Event

import pandas as pd
import pytest

from d2_assets.errors import (
    CancelledError,
    ConfigurationError,
    OutcomeUnknownError,
    TransientError,
)
from d2_assets.metadata.choices import MetadataChoices
from d2_assets_tests.sync.families import element, make_ends, move, outcomes


def test_a_killed_run_is_resumed_by_comparing_and_sends_nothing_twice(tmp_path: Path) -> None:
    source, destination = make_ends(*(element(f"element{n:02}") for n in range(40)))
    choices = MetadataChoices(chunk_size=10)

    def die() -> None:
        if len(destination.imports) == 3:
            raise RuntimeError("killed")

    destination.on_import = die
    with pytest.raises(RuntimeError, match="killed"):
        move(tmp_path, "data_elements", source, destination, choices=choices)
    landed = set(destination.objects["dataElements"])
    assert len(landed) == 20
    destination.on_import = lambda: None
    destination.imports.clear()
    result = move(tmp_path, "data_elements", source, destination, choices=choices)
    assert outcomes(result) == {"created": 20, "unchanged": 20}
    assert not set(destination.written) & landed


def test_a_push_that_stops_leaves_its_ledger_and_says_why(tmp_path: Path) -> None:
    source, destination = make_ends(*(element(f"element{n}") for n in range(4)))
    destination.failures = [TransientError("The server is away.")]
    result = move(tmp_path, "data_elements", source, destination)
    assert isinstance(result.error, TransientError)
    assert outcomes(result) == {"not_attempted": 4}
    frame = pd.read_parquet(result.files["ledger"])
    assert set(frame["reason"]) == {"The server is away."}


def test_a_lost_answer_that_cannot_be_read_back_leaves_objects_queued(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))

    def before(planned: object) -> None:
        destination.failures = [OutcomeUnknownError("The line broke.")]
        destination.read_failures = [TransientError("Away."), TransientError("Away.")]

    result = move(tmp_path, "data_elements", source, destination, before)
    assert isinstance(result.error, OutcomeUnknownError)
    assert outcomes(result) == {"queued": 1}


@pytest.mark.parametrize("side", ["source", "destination"])
def test_a_side_that_cannot_be_read_stops_the_family_before_anything_is_sent(
    side: str, tmp_path: Path
) -> None:
    source, destination = make_ends(element("anc"))
    broken = source if side == "source" else destination
    broken.read_failures = [TransientError("Away.")]
    with pytest.raises(TransientError, match="Away"):
        move(tmp_path, "data_elements", source, destination)
    assert not destination.imports


def test_a_cancelled_run_stops_while_it_reads(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    stop = Event()
    stop.set()
    with pytest.raises(CancelledError):
        move(tmp_path, "data_elements", source, destination, stop=stop)


def test_rights_are_asked_for_before_anything_is_read(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    destination.authorities = frozenset({"F_DATAVALUE_ADD"})
    with pytest.raises(ConfigurationError, match="may not import metadata"):
        move(tmp_path, "data_elements", source, destination)
    assert not destination.imports
