from datetime import date
from pathlib import Path
from typing import Any

from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.outside import NOTHING_OUTSIDE, Outside, ProgramOutside, count_outside
from d2_assets.tracker.scope import read_scope
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import MALARIA

TODAY = date(2025, 11, 24)
NAME = f"Malaria ({MALARIA})"


def _serve() -> FakeClient:
    server = FakeClient("national")
    server.put_event("evOld000001", "2024-12-31")
    server.put_event("evFirst0001", "2025-01-01")
    server.put_event("evThisMonth", "2025-11-30")
    server.put_event("evFuture001", "2025-12-01")
    server.put_event("evFuture002", "2031-01-01")
    server.put_event("evNoDate001", occurredAt=None)
    server.put_event("evGone00001", "2020-01-01", deleted=True)
    return server


def _count(server: FakeClient, kept: Path, now: float, first_month: str = "202501") -> Outside:
    source: Any = server
    scope = read_scope(source, source, TrackerChoices(), is_registration=False)
    return count_outside(source, scope, first_month, TODAY, kept, now)


def test_live_events_that_no_partition_holds_are_counted_by_program(tmp_path: Path) -> None:
    outside = _count(_serve(), tmp_path / "outside.json", 1000.0)

    assert outside.programs == {NAME: ProgramOutside(1, 2, 1)}
    assert (outside.before_first_month, outside.in_the_future, outside.without_date) == (1, 2, 1)
    assert outside.total == 4


def test_a_count_is_kept_for_a_day(tmp_path: Path) -> None:
    server, kept = _serve(), tmp_path / "outside.json"
    first = _count(server, kept, 1000.0)
    server.stored.clear()

    assert _count(server, kept, 1000.0 + 3600) == first
    assert _count(server, kept, 1000.0 + 25 * 3600).total == 0


def test_another_first_month_is_another_count(tmp_path: Path) -> None:
    server, kept = _serve(), tmp_path / "outside.json"
    _count(server, kept, 1000.0)

    assert _count(server, kept, 1001.0, "202502").before_first_month == 2


def test_a_damaged_count_is_made_anew(tmp_path: Path) -> None:
    kept = tmp_path / "outside.json"
    for text in ("{", "[]", '{"programs": {"a": {"b": 1}}}'):
        kept.write_text(text, encoding="utf-8")
        assert _count(_serve(), kept, 1000.0).total == 4


def test_of_tracked_entities_none_can_be_outside(tmp_path: Path) -> None:
    source: Any = _serve()
    scope = read_scope(source, source, TrackerChoices(), is_registration=True)

    found = count_outside(source, scope, "202501", TODAY, tmp_path / "outside.json", 1.0)

    assert found is NOTHING_OUTSIDE
    assert found.total == 0
