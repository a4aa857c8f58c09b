from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.month_hashes import ContentHash
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.month_hash import MonthHashes, hash_object
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.shape import flatten_entity
from d2_assets.tracker.source_alone import SourceReading, hash_source
from d2_assets.tracker.windows import Span
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.trees import stamps, trees

MONTHS = ("202510", "202511")
OCTOBER = "2025-10-09T08:00:00.000"


def _flatten(tree: Body) -> list[TrackerObject]:
    flat = flatten_entity(tree, Adaptations())
    return [replace(one, month=MONTHS[0]) for one in flat if one.kind is not Kind.RELATIONSHIP]


def _sum(objects: list[TrackerObject]) -> Any:
    hashes = MonthHashes()
    hashes.note(objects)
    return hashes.by_month()


def _stamp(tree: Body, stamp: str) -> Body:
    """The same tree as a server shows it that wrote all of it anew. Attributes stay as they are:
    where two parts of a tree differ, the later one counts."""
    written = {"updatedAt": stamp, "createdAt": stamp, "updatedBy": {"username": "bela"}}
    parts = {
        name: [_stamp(one, stamp) for one in tree[name]]
        for name in ("enrollments", "events", "dataValues")
        if tree.get(name)
    }
    return {**tree, **written, **parts}


@settings(max_examples=60)
@given(trees, st.randoms())
def test_the_order_of_objects_does_not_matter(tree: Body, random: Random) -> None:
    objects = _flatten(tree)
    shuffled = list(objects)
    random.shuffle(shuffled)
    assert _sum(objects) == _sum(shuffled)


@settings(max_examples=60)
@given(trees, stamps)
def test_stamps_and_authors_do_not_matter(tree: Body, stamp: str) -> None:
    assert _sum(_flatten(tree)) == _sum(_flatten(_stamp(tree, stamp)))


@settings(max_examples=60)
@given(trees, st.data())
def test_any_object_that_goes_comes_or_changes_matters(tree: Body, data: st.DataObject) -> None:
    objects = _flatten(tree)
    at = data.draw(st.integers(0, len(objects) - 1))
    one = objects[at]
    changed = [
        [*objects[:at], *objects[at + 1 :]],
        [*objects, one],
        [*objects[:at], replace(one, deleted=True), *objects[at + 1 :]],
        [*objects[:at], replace(one, body={**one.body, "orgUnit": "?"}), *objects[at + 1 :]],
        [
            *objects[:at],
            replace(
                one, body={**one.body, "notes": [*one.body.get("notes", ()), {"note": "nnnNew"}]}
            ),
            *objects[at + 1 :],
        ],
    ]
    sums = [str(_sum(given)) for given in (objects, *changed)]
    assert len(set(sums)) == len(sums)


def test_the_hash_of_an_object_is_the_same_in_every_version() -> None:
    """Hashes are kept on disk: with another formula the number of the version must change."""
    body = {"event": "evOne000001", "status": "ACTIVE", "notes": [{"note": "nnnOne00001"}]}
    item = TrackerObject(Kind.EVENT, "evOne000001", "evOne000001", "", body)
    assert hash_object(item) == ContentHash(1, 15551957256312453554, 7654786090727736485)


# The source alone


@pytest.fixture
def source() -> FakeClient:
    """Entities and events of two months, joined within their month and across."""
    server = FakeClient("national")
    for number, stamp in enumerate((OCTOBER, OCTOBER, "2025-11-05T08:00:00.000")):
        server.put_entity(f"tePerson00{number}", updatedAt=stamp)
        server.put_event(f"evCase0000{number}", stamp[:10])
    for kind, prefix in ((Kind.TRACKED_ENTITY, "tePerson00"), (Kind.EVENT, "evCase0000")):
        for number, end in enumerate((1, 2)):
            ends = (kind, f"{prefix}0"), (kind, f"{prefix}{end}")
            server.put_relationship(f"re{prefix[:4]}0000{number}", *ends)
    return server


def _hash(source: FakeClient, months: tuple[str, ...], *, is_registration: bool) -> Any:
    span = Span(months, "202501", takes_older=is_registration)
    client = cast(DHIS2Client, source)
    return hash_source(SourceReading(client, TrackerChoices(), is_registration, span))


@pytest.mark.parametrize("is_registration", [True, False])
def test_the_hash_of_a_month_does_not_depend_on_what_is_read_with_it(
    source: FakeClient, is_registration: bool
) -> None:
    """A relationship travels with the later month of a run, and counts in both."""
    together = _hash(source, MONTHS, is_registration=is_registration)
    alone = [_hash(source, (month,), is_registration=is_registration) for month in MONTHS]
    assert together == alone[0] | alone[1]
    assert [together[month].items for month in MONTHS] == [4, 2]


@pytest.mark.parametrize("is_registration", [True, False])
def test_a_relationship_that_changes_is_seen_in_the_months_of_its_ends(
    source: FakeClient, is_registration: bool
) -> None:
    before = _hash(source, MONTHS, is_registration=is_registration)
    name = "retePe00001" if is_registration else "reevCa00001"
    source.put(Kind.RELATIONSHIP, name, relationshipType="rtOther")
    after = _hash(source, MONTHS, is_registration=is_registration)
    assert all(before[month] != after[month] for month in MONTHS)
    assert [after[month].items for month in MONTHS] == [4, 2]
