"""Whatever both sides hold: every row read is planned once, and a perfect push leaves no work."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.tracker.objects import Kind
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import CLINIC, NAME
from d2_assets_tests.tracker.planning import plan_between, push_perfectly

ACTIONS = {
    "create",
    "update",
    "delete",
    "delete_with_parent",
    "unchanged",
    "held_by_strategy",
    "filtered",
    "quarantined",
}
MONTHS = ("202510", "202511")


@dataclass(frozen=True)
class Thing:
    """One object, as it may stand on a server."""

    number: int
    month: str = "10"
    value: str = "1"
    is_deleted: bool = False
    is_misfit: bool = False


things = st.builds(
    Thing,
    number=st.integers(0, 3),
    month=st.sampled_from(["09", "10", "11", "12"]),
    value=st.sampled_from(["1", "2"]),
    is_deleted=st.booleans(),
    is_misfit=st.booleans(),
)
sides = st.lists(things, max_size=4, unique_by=lambda one: one.number)


def _serve_events(name: str, held: list[Thing]) -> FakeClient:
    server = FakeClient(name)
    for one in held:
        uid = f"evEvent000{one.number}"
        unit = "ouNowhere01" if one.is_misfit else CLINIC
        status = "ACTIVE" if one.value == "1" else "COMPLETED"
        server.put_event(uid, f"2025-{one.month}-10", status=status, orgUnit=unit)
        if one.is_deleted:
            server.delete(Kind.EVENT, uid)
    return server


def _serve_entities(name: str, held: list[Thing]) -> FakeClient:
    """Each with an enrollment and two events; those that follow each other are related."""
    server = FakeClient(name)
    for one in held:
        entity, enrollment = f"tePerson00{one.number}", f"enChild000{one.number}"
        attribute = "atUnknown01" if one.is_misfit else NAME
        server.put_entity(
            entity,
            updatedAt=f"2025-{one.month}-10T00:00:00.000",
            attributes=[{"attribute": attribute, "value": one.value}],
        )
        server.put_enrollment(enrollment, entity)
        for number in range(2):
            server.put_child_event(f"evVisit0{one.number}0{number}", enrollment, one.value)
        if one.is_deleted:
            kinds = [Kind.TRACKED_ENTITY, Kind.ENROLLMENT, Kind.EVENT]
            names = [entity, enrollment, f"evVisit0{one.number}00"]
            server.delete(kinds[one.number % 3], names[one.number % 3])
    for first, second in pairwise(held):
        server.put_relationship(
            f"reJoin0{first.number}{second.number}",
            (Kind.TRACKED_ENTITY, f"tePerson00{first.number}"),
            (Kind.TRACKED_ENTITY, f"tePerson00{second.number}"),
        )
    return server


def _hold(theirs: FakeClient, ours: FakeClient, *, is_registration: bool, mirror: bool) -> None:
    options = {"is_registration": is_registration, "months": MONTHS, "mirror": mirror}
    with plan_between(theirs, ours, **options) as planned:
        rows = planned.rows
        read = planned.database.rows("SELECT kind, id FROM source ORDER BY ALL")
        kept = sorted((row["kind"], row["id"]) for row in rows if row["row"] >= 0)
        assert kept == read
        assert len({(row["kind"], row["id"]) for row in rows}) == len(rows)
        assert {row["action"] for row in rows} <= ACTIONS
        counted = Counter(
            {
                (month, str(kind), action): count
                for month, kinds in planned.plan.actions.items()
                for kind, actions in kinds.items()
                for action, count in actions.items()
            }
        )
        assert counted == Counter(
            (row["month"], row["kind"], row["action"]) for row in rows if row["row"] >= 0
        )
        assert all(row["month"] in MONTHS for row in rows)
        assert all(
            (row["action"] in ("quarantined", "filtered")) == bool(row["verdict"]) for row in rows
        )
    with plan_between(theirs, ours, **options) as planned:
        assert planned.rows == rows
        push_perfectly(planned, ours)
    with plan_between(theirs, ours, **options) as planned:
        assert planned.plan.count(MONTHS[0], "create", "update", "delete") == 0
        assert planned.plan.count(MONTHS[1], "create", "update", "delete") == 0
        assert planned.plan.mirrored == {}


@settings(max_examples=15, deadline=None)
@given(sides, sides, st.booleans())
def test_events(theirs: list[Thing], ours: list[Thing], mirror: bool) -> None:
    _hold(
        _serve_events("national", theirs),
        _serve_events("training", [replace(one, is_misfit=False) for one in ours]),
        is_registration=False,
        mirror=mirror,
    )


@settings(max_examples=15, deadline=None)
@given(sides, sides, st.booleans())
def test_tracked_entities(theirs: list[Thing], ours: list[Thing], mirror: bool) -> None:
    _hold(
        _serve_entities("national", theirs),
        _serve_entities("training", [replace(one, is_misfit=False) for one in ours]),
        is_registration=True,
        mirror=mirror,
    )
