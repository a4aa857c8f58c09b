"""Objects that fit the made-up metadata, and what is said of them."""

from typing import Any

from d2_assets.tracker.check import judge
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.scope import Scope, read_scope
from d2_assets.tracker.verdicts import VERDICTS
from d2_assets_tests.tracker.fake_metadata import (
    CASE,
    CHILD,
    CLINIC,
    DEFAULT_OPTION,
    MALARIA,
    MOTHER,
    PERSON,
    FakeServer,
)


def read_choices(
    destination: FakeServer | None = None, *, is_registration: bool = False, **choices: Any
) -> Scope:
    """The scope of a pair between two servers of the made-up metadata."""
    source: Any = FakeServer()
    server: Any = destination or FakeServer()
    return read_scope(source, server, TrackerChoices(**choices), is_registration)


def make_event(
    values: dict[str, str] | None = None,
    *,
    program: str = MALARIA,
    stage: str = CASE,
    org_unit: str = CLINIC,
    deleted: bool = False,
    **members: Any,
) -> TrackerObject:
    """An event that fits, with these values."""
    body = {
        "event": "evOne000001",
        "status": "COMPLETED",
        "occurredAt": "2025-11-05T00:00:00.000",
        "attributeOptionCombo": DEFAULT_OPTION,
        "dataValues": [
            {"dataElement": uid, "value": value} for uid, value in (values or {}).items()
        ],
        **members,
    }
    return TrackerObject(
        Kind.EVENT,
        "evOne000001",
        "evOne000001",
        "",
        {name: value for name, value in body.items() if value is not None},
        program=program,
        stage=stage,
        org_unit=org_unit,
        deleted=deleted,
    )


def make_entity(
    attributes: dict[str, str] | None = None, *, type_: str = PERSON, org_unit: str = CLINIC
) -> TrackerObject:
    """A tracked entity that fits, with these attributes."""
    listed = [{"attribute": uid, "value": value} for uid, value in (attributes or {}).items()]
    body = {"trackedEntity": "teOne000001", "attributes": listed}
    return TrackerObject(
        Kind.TRACKED_ENTITY,
        "teOne000001",
        "teOne000001",
        "",
        body,
        org_unit=org_unit,
        type=type_,
    )


def make_enrollment(**members: Any) -> TrackerObject:
    """An enrollment that fits."""
    body = {"enrollment": "enOne000001", "enrolledAt": "2025-11-05T00:00:00.000", **members}
    return TrackerObject(
        Kind.ENROLLMENT,
        "enOne000001",
        "teOne000001",
        "teOne000001",
        body,
        program=CHILD,
        org_unit=CLINIC,
    )


def make_relationship(from_: Kind = Kind.TRACKED_ENTITY, type_: str = MOTHER) -> TrackerObject:
    """A relationship from an object of a kind to a tracked entity."""
    body = {
        "relationship": "reOne000001",
        "from": {from_.value: {from_.value: "teOne000001"}},
        "to": {"trackedEntity": {"trackedEntity": "teTwo000001"}},
    }
    return TrackerObject(Kind.RELATIONSHIP, "reOne000001", "teOne000001", "", body, type=type_)


def judge_code(item: TrackerObject, scope: Scope) -> str | None:
    """The code of what is said of an object; None when nothing is."""
    verdict = judge(item, scope)
    if verdict is None:
        return None
    assert verdict.code in VERDICTS
    assert "{" not in verdict.reason
    return verdict.code
