"""Two bodies of one object: where they differ, and what merging makes of them."""

from decimal import Decimal

import pytest
from hypothesis import given

from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.differences import compare_bodies, is_same, merge_bodies
from d2_assets.tracker.objects import Body, Kind
from d2_assets.tracker.shape import flatten_event
from d2_assets_tests.tracker.trees import events


@given(events)
def test_a_body_does_not_differ_from_itself(event: Body) -> None:
    item, *_ = flatten_event(event, Adaptations())
    assert compare_bodies(Kind.EVENT, item.body, item.body) == []
    assert is_same(item.body, item.body)
    assert merge_bodies(item.body, item.body) == item.body


@given(events, events)
def test_bodies_are_the_same_exactly_where_nothing_differs(one: Body, other: Body) -> None:
    (left, *_), (right, *_) = (flatten_event(body, Adaptations()) for body in (one, other))
    differing = compare_bodies(Kind.EVENT, left.body, right.body)
    assert is_same(left.body, right.body) == (not differing)


@given(events, events)
def test_merging_takes_nothing_away(one: Body, other: Body) -> None:
    (left, *_), (right, *_) = (flatten_event(body, Adaptations()) for body in (one, other))
    merged = merge_bodies(left.body, right.body)
    assert merged.keys() == left.body.keys() | right.body.keys()
    assert compare_bodies(Kind.EVENT, left.body, merged, merge=True) == []
    for part in right.body.get("dataValues") or ():
        assert part["dataElement"] in {one["dataElement"] for one in merged["dataValues"]}


@pytest.mark.parametrize(
    ("member", "wanted", "found", "is_soft"),
    [
        ("status", "ACTIVE", "COMPLETED", False),
        ("completedAt", "2026-03-10T00:00:00.000", None, True),
        ("scheduledAt", None, "2026-03-10T00:00:00.000", True),
        ("occurredAt", "2026-03-10T00:00:00.000", "2026-03-11T00:00:00.000", False),
    ],
)
def test_a_difference_says_whether_a_server_may_insist_on_it(
    member: str, wanted: str | None, found: str | None, is_soft: bool
) -> None:
    bodies = [{"event": "evt1", **({member: value} if value else {})} for value in (wanted, found)]
    (difference,) = compare_bodies(Kind.EVENT, *bodies)
    assert (difference.member, difference.is_soft) == (member, is_soft)
    assert (difference.wanted, difference.found) == (wanted or "", found or "")


def test_a_lost_value_is_named_and_a_note_more_is_no_difference() -> None:
    wanted = {"dataValues": [{"dataElement": "de1", "value": "1"}]}
    (difference,) = compare_bodies(Kind.EVENT, wanted, {})
    assert (difference.member, difference.is_soft) == ("dataValues.de1", False)
    noted = {"notes": [{"note": "note1", "value": "seen"}]}
    assert compare_bodies(Kind.EVENT, {}, noted) == []
    assert [one.member for one in compare_bodies(Kind.EVENT, noted, {})] == ["notes.note1"]


def test_what_only_the_destination_has_is_a_difference_unless_the_pair_merges() -> None:
    found = {
        "geometry": {"type": "Point", "coordinates": [Decimal("1.5"), Decimal(2)]},
        "dataValues": [{"dataElement": "de1", "value": "1"}],
    }
    names = [one.member for one in compare_bodies(Kind.EVENT, {}, found)]
    assert names == ["dataValues.de1", "geometry"]
    assert compare_bodies(Kind.EVENT, {}, found, merge=True) == []
    assert is_same({}, found, merge=True)


def test_a_place_is_the_same_however_its_numbers_are_written() -> None:
    one, other = (
        {"geometry": {"type": "Point", "coordinates": [Decimal(text), Decimal(0)]}}
        for text in ("10", "10.0")
    )
    assert compare_bodies(Kind.EVENT, one, other) == []


def test_a_mark_on_a_value_is_a_soft_difference() -> None:
    wanted, found = (
        {"dataValues": [{"dataElement": "de1", "value": "1", **mark}]}
        for mark in ({"providedElsewhere": True}, {})
    )
    (difference,) = compare_bodies(Kind.EVENT, wanted, found)
    assert (difference.member, difference.is_soft) == ("dataValues.de1", True)
