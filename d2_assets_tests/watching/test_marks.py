"""Over any sequence of changes and looks none is missed, and none is found twice."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.session import HttpSession
from d2_assets.ledger.written import OwnWrites
from d2_assets.staging.layout import Home
from d2_assets.stamps import read_stamp, write_stamp
from d2_assets.watching import looks
from d2_assets.watching.clock import find_zone, read_clock, shift_to_local, to_local
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.marks import Mark, Seen, find_floor, follow_clock
from d2_assets.watching.resources import Resource
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.watching.watched import make_pair

OVERLAP = 60
BERLIN = "Europe/Berlin"
#: An hour before summer time ends in Berlin.
AUTUMN = datetime(2026, 10, 25, 0, 0, tzinfo=UTC).timestamp()
FACTS = SourceFacts("2.40", BERLIN, clock_error=0.0, read_at=AUTUMN)
ITEMS = st.frozensets(st.integers(0, 2**64 - 1), max_size=200)


class _Source:
    """A class of metadata: objects with their stamps, each there from its time of storing on."""

    def __init__(self) -> None:
        self.now = AUTUMN
        self.stored: dict[str, str] = {}
        self.session = FakeSession(self._answer)

    def store(self, delay: float) -> str:
        """A new object, stamped so many seconds ago."""
        uid = f"u{len(self.stored):010}"
        self.stored[uid] = write_stamp(to_local(self.now - delay, find_zone(BERLIN)))
        return uid

    def _answer(self, path: str, params: dict[str, Any]) -> Any:
        if path == "api/system/info":
            date = write_stamp(to_local(self.now, find_zone(BERLIN)))
            return {"version": "2.40", "serverDate": date, "serverTimeZoneId": BERLIN}
        (condition,) = params["filter"]
        since = re.fullmatch(r"lastUpdated:ge:(.*)", condition)
        assert since
        found = [
            {"id": uid, "lastUpdated": stamp}
            for uid, stamp in self.stored.items()
            if stamp >= since[1]
        ]
        name, _, direction = params["order"].partition(":")
        found.sort(key=lambda body: body[name], reverse=direction == "desc")
        size, page = params["pageSize"], params["page"]
        return {
            "pager": {"total": len(found), "pageCount": -(-len(found) // size)},
            "dataElements": found[(page - 1) * size : page * size],
        }


class _Watcher:
    def __init__(self, source: _Source, folder: Path) -> None:
        self.source, self.folder = source, folder
        start = write_stamp(to_local(source.now, find_zone(BERLIN)))
        self.mark = Mark(start)

    def look(self) -> int:
        """How many changes are told."""
        client = DHIS2Client("a", cast(HttpSession, self.source.session))
        found = looks.look(
            client,
            Resource("class", "dataElements"),
            FACTS,
            self.mark,
            pair=make_pair(page_size=3),
            overlap_seconds=OVERLAP,
            own_writes=OwnWrites(Home(self.folder), "a"),
            today=date(2026, 10, 25),
            first_month="202001",
            folder=self.folder,
            clock=lambda: self.source.now,
        )
        self.mark = found.mark
        present = to_local(self.source.now, find_zone(BERLIN))
        assert read_stamp(self.mark.stamp) <= present
        return sum(found.months.values())


STEPS = st.lists(
    st.tuples(
        st.floats(0, 2400),  # seconds that pass
        st.lists(st.floats(-20, OVERLAP), max_size=6),  # how old the stamps of new objects are
        st.booleans(),  # whether somebody looks
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=150)
def test_every_change_that_is_stored_within_the_overlap_is_told_exactly_once(steps: Any) -> None:
    """Also in the hour that comes twice, and where a stamp lies in the future."""
    with TemporaryDirectory() as folder:
        source = _Source()
        watcher = _Watcher(source, Path(folder))
        told = 0
        for seconds, delays, looks_now in steps:
            source.now += seconds
            for delay in delays:
                source.store(delay)
            if looks_now:
                told += watcher.look()
        told += watcher.look()
        assert told == len(source.stored)
        assert watcher.look() == 0


@given(STEPS)
@settings(max_examples=60)
def test_of_many_changes_none_is_missed_and_quiet_looks_tell_nothing(steps: Any) -> None:
    """Remembered as sums, all items of a month count again when one of them is new."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks, "MOST_REMEMBERED", 2)
        source = _Source()
        watcher = _Watcher(source, Path(folder))
        for seconds, delays, _ in steps:
            source.now += seconds
            for delay in delays:
                source.store(delay)
            assert watcher.look() >= len(delays)
            assert watcher.look() == 0


def test_a_mark_is_never_beyond_the_present_of_its_source(tmp_path: Path) -> None:
    source = _Source()
    watcher = _Watcher(source, tmp_path)
    source.store(-86_400)
    assert watcher.look() == 1
    assert read_stamp(watcher.mark.stamp) <= to_local(source.now, find_zone(BERLIN))
    assert ("api/system/info", source.session.asked[-1][1]) == source.session.asked[-1]
    source.store(0)
    assert watcher.look() == 1


@given(ITEMS)
def test_what_was_seen_is_read_as_it_was_written(items: frozenset[int]) -> None:
    assert Seen.read(Seen(items).write()) == Seen(items)


@given(
    st.integers(1, 2**41),
    st.dictionaries(
        st.from_regex(r"\A(20\d\d(0[1-9]|1[0-2]))?\Z"),
        st.tuples(st.integers(1, 10**9), st.integers(0, 2**64 - 1)),
        max_size=4,
    ),
)
def test_sums_of_months_are_read_as_they_were_written(
    newest: int, months: dict[str, tuple[int, int]]
) -> None:
    seen = Seen(None, newest, months)
    assert Seen.read(seen.write()) == seen


@given(st.integers(-7_200_000, 10_800_000), st.integers(0, 3_600_000))
def test_the_floor_of_a_look_never_falls_as_marks_rise(offset: int, more: int) -> None:
    stamp = read_stamp("2026-10-25T02:00:00.000") + offset
    assert find_floor(stamp, FACTS, OVERLAP) <= find_floor(stamp + more, FACTS, OVERLAP)


@pytest.mark.parametrize(
    ("stamp", "floor"),
    [
        ("2026-10-25T01:59:00.900", "2026-10-25T01:58:00.000"),
        ("2026-10-25T02:00:00.000", "2026-10-25T01:59:00.000"),
        ("2026-10-25T02:59:59.000", "2026-10-25T01:59:00.000"),
        ("2026-10-25T03:00:00.000", "2026-10-25T02:59:00.000"),
    ],
)
def test_in_the_hour_that_comes_twice_a_look_goes_back_to_its_beginning(
    stamp: str, floor: str
) -> None:
    assert write_stamp(find_floor(read_stamp(stamp), FACTS, OVERLAP)) == floor


@given(st.integers(0, 2**41))
def test_a_server_date_is_the_moment_it_was_told_at(moment: int) -> None:
    zone = find_zone(BERLIN)
    told = write_stamp(shift_to_local(moment, zone))
    assert read_clock(told, zone, moment / 1000) == pytest.approx(moment / 1000, abs=0.002)


def test_marks_go_back_with_a_clock_that_was_set_back() -> None:
    mark = Mark("2026-10-25T01:30:00.000", "seen")
    later = SourceFacts("2.40", BERLIN, clock_error=0.5, read_at=AUTUMN + 3600)
    assert follow_clock([mark], FACTS, later) == [mark]
    back = SourceFacts("2.40", BERLIN, clock_error=-7200.0, read_at=AUTUMN + 3600)
    # what changed since the facts were read bears stamps from that time on, by the clock of now
    assert follow_clock([mark], FACTS, back) == [Mark("2026-10-25T00:00:00.000", "seen")]


def test_a_zone_that_is_only_an_offset_is_known() -> None:
    assert shift_to_local(0, find_zone("GMT-05:00")) == -5 * 3_600_000
