"""What is chosen at launch only ever narrows what a pair moves."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.errors import ConfigurationError
from d2_assets.settings.models import Moved, Pair
from d2_assets.sync.narrowing import WHOLE, Narrowing, find_reason_to_pass_over, narrow_pair

_UIDS = tuple(f"dataSet{number:04}" for number in range(6))
_DAY = date(2025, 6, 1)

uids = st.lists(st.sampled_from(_UIDS), unique=True, max_size=4)
days = st.none() | st.integers(0, 60).map(lambda days: _DAY + timedelta(days=days))


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    start, end = draw(days), draw(days)
    if start and end and end < start:
        start, end = end, start
    return _pair(
        filters={
            "data_sets": draw(uids),
            "programs": draw(uids),
            "start_date": start,
            "end_date": end,
        },
        deletes={"mirror": draw(st.booleans())},
    )


narrowings = st.builds(
    Narrowing,
    data_sets=uids.map(tuple),
    programs=uids.map(tuple),
    start_date=days,
    end_date=days,
)


def _pair(**members: Any) -> Pair:
    return Pair.model_validate({"source": "national", "destination": "training", **members})


def _belongs(pair: Pair, data_set: str, program: str, day: date) -> bool:
    own = pair.filters
    return (
        (not own.data_sets or data_set in own.data_sets)
        and (not own.programs or program in own.programs)
        and (own.start_date is None or own.start_date <= day)
        and (own.end_date is None or day <= own.end_date)
    )


@given(pairs(), narrowings, st.sampled_from(_UIDS), st.sampled_from(_UIDS), st.integers(0, 61))
def test_a_narrowed_pair_moves_what_both_name_and_nothing_else(
    pair: Pair, narrowing: Narrowing, data_set: str, program: str, ahead: int
) -> None:
    day = _DAY + timedelta(days=ahead)
    try:
        narrowed = narrow_pair(pair, narrowing)
    except ConfigurationError:
        return
    asked = _pair(
        filters={
            "data_sets": narrowing.data_sets,
            "programs": narrowing.programs,
        }
    )
    within = (narrowing.start_date or day) <= day <= (narrowing.end_date or day)
    both = _belongs(pair, data_set, program, day) and _belongs(asked, data_set, program, day)
    assert _belongs(narrowed, data_set, program, day) is (both and within)
    assert narrow_pair(narrowed, narrowing) == narrowed
    assert not (narrowing.is_partial and narrowed.deletes.mirror)


@given(pairs(), st.booleans())
def test_choosing_no_filter_changes_nothing(pair: Pair, changed_only: bool) -> None:
    chosen = Narrowing(families=("options",), data_types=("events",), changed_only=changed_only)
    assert narrow_pair(pair, WHOLE) is narrow_pair(pair, chosen) is pair


@pytest.mark.parametrize("name", ["data_sets", "programs"])
def test_what_lies_outside_the_pair_is_named(name: str) -> None:
    pair = _pair(filters={name: _UIDS[:1]})
    with pytest.raises(ConfigurationError, match=_UIDS[1]) as refused:
        narrow_pair(pair, replace(WHOLE, **{name: _UIDS[:2]}))
    assert _UIDS[0] not in refused.value.message
    assert refused.value.key == f"resources.launch.config.{name}"


def test_days_that_leave_none_are_refused() -> None:
    pair = _pair(filters={"end_date": "2025-05-31"})
    with pytest.raises(ConfigurationError, match="leave none"):
        narrow_pair(pair, Narrowing(start_date=_DAY))


PASSED_OVER = [
    (Narrowing(), set()),
    (Narrowing(data_types=("events",)), {"metadata", "data_values", "tracker", "stock"}),
    (Narrowing(families=("options",)), set()),
    (Narrowing(data_sets=_UIDS[:1]), {"metadata", "events", "tracker", "stock"}),
    (Narrowing(programs=_UIDS[:1]), {"metadata", "data_values", "stock"}),
    (Narrowing(program_stages=_UIDS[:1]), {"metadata", "data_values", "stock"}),
    (Narrowing(org_units=_UIDS[:1]), {"metadata", "stock"}),
    (Narrowing(start_date=_DAY), {"metadata", "tracker", "stock"}),
    (
        Narrowing(data_sets=_UIDS[:1], org_units=_UIDS[:1]),
        {"metadata", "events", "tracker", "stock"},
    ),
    (Narrowing(data_sets=_UIDS[:1], programs=_UIDS[:1]), {"metadata", "stock"}),
]
_ALL: tuple[Moved, ...] = ("metadata", "data_values", "events", "tracker", "stock")


@pytest.mark.parametrize(("narrowing", "left_out"), PASSED_OVER)
def test_filters_that_say_nothing_of_an_asset_leave_it_out(
    narrowing: Narrowing, left_out: set[str]
) -> None:
    found = {
        moved
        for moved in _ALL
        if find_reason_to_pass_over(moved, "options" if moved == "metadata" else "", narrowing)
    }
    assert found == left_out


def test_families_that_are_named_are_moved_whatever_filters_there_are() -> None:
    chosen = Narrowing(families=("options",), data_sets=_UIDS[:1])
    assert not find_reason_to_pass_over("metadata", "options", chosen)
    assert "families are options" in find_reason_to_pass_over("metadata", "legends", chosen)
