"""The table of members: complete, and of one mind with itself."""

import pytest

from d2_assets.tracker.members import DATES, MEMBERS, PART_KEYS, PARTS, Fate, is_soft
from d2_assets.tracker.objects import Kind


@pytest.mark.parametrize("kind", Kind)
def test_what_names_an_object_travels_and_must_stand(kind: Kind) -> None:
    assert MEMBERS[kind][str(kind)].fate is Fate.HARD


def test_what_names_a_part_travels_with_its_value() -> None:
    for name, key in PART_KEYS.items():
        assert PARTS[name][key].fate is Fate.HARD
        assert PARTS[name]["value"].fate is Fate.HARD


def test_what_does_not_travel_says_why() -> None:
    for table in (*MEMBERS.values(), *PARTS.values()):
        for name, member in table.items():
            stays = member.fate in (Fate.STAMP, Fate.DERIVED, Fate.OWN)
            assert bool(member.why) == stays, name


def test_dates_are_members_that_travel() -> None:
    for name in DATES:
        assert any(name in table and table[name].travels for table in MEMBERS.values())


@pytest.mark.parametrize(
    ("kind", "member", "soft"),
    [
        (Kind.EVENT, "completedAt", True),
        (Kind.EVENT, "scheduledAt", True),
        (Kind.EVENT, "status", False),
        (Kind.EVENT, "attributeOptionCombo", False),
        (Kind.ENROLLMENT, "enrolledAt", False),
        (Kind.TRACKED_ENTITY, "geometry", True),
        (Kind.RELATIONSHIP, "from", False),
        (Kind.EVENT, "dataValues", False),
        (Kind.EVENT, "colour", False),
    ],
)
def test_stamps_and_places_are_soft_and_values_and_references_are_not(
    kind: Kind, member: str, soft: bool
) -> None:
    assert is_soft(kind, member) is soft


def test_members_of_some_versions_say_since_when() -> None:
    assert MEMBERS[Kind.ENROLLMENT]["attributeOptionCombo"].since == "2.43"
    assert MEMBERS[Kind.ENROLLMENT]["status"].since == ""
