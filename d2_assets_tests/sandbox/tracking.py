"""Tracker imports in a line, and objects that a server takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets_tests.sandbox.asking import find_element

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """The content's programs by the UIDs that tests need."""

    child: str
    visit: str
    birth: str
    person: str
    outbreak: str
    report: str
    combo: str
    units: tuple[str, ...]
    number: str
    text: str
    integer: str
    first_name: str
    national_id: str
    sex: str
    mother: str

    def entity(self, uid: str = "TrackedOne1", /, **members: Any) -> Body:
        """A good person."""
        body = {
            "trackedEntity": uid,
            "trackedEntityType": self.person,
            "orgUnit": self.units[0],
            "attributes": [{"attribute": self.first_name, "value": "Awa"}],
        }
        return body | members

    def enrollment(self, uid: str = "EnrolledOn1", /, **members: Any) -> Body:
        """A good enrollment."""
        body = {
            "enrollment": uid,
            "trackedEntity": "TrackedOne1",
            "program": self.child,
            "orgUnit": self.units[0],
            "enrolledAt": "2026-03-01",
            "occurredAt": "2026-03-01",
            "status": "ACTIVE",
        }
        return body | members

    def visit_event(self, uid: str = "VisitEvent1", /, **members: Any) -> Body:
        """A good visit of that enrollment."""
        body = {
            "event": uid,
            "enrollment": "EnrolledOn1",
            "program": self.child,
            "programStage": self.visit,
            "orgUnit": self.units[0],
            "occurredAt": "2026-03-10",
            "status": "ACTIVE",
            "dataValues": [{"dataElement": self.text, "value": "well"}],
        }
        return body | members

    def report_event(self, uid: str = "ReportEvnt1", /, **members: Any) -> Body:
        """A good report of an outbreak."""
        body = {
            "event": uid,
            "program": self.outbreak,
            "programStage": self.report,
            "orgUnit": self.units[0],
            "occurredAt": "2026-03-10",
            "status": "COMPLETED",
            "attributeOptionCombo": self.combo,
            "dataValues": [
                {"dataElement": self.text, "value": "cholera"},
                {"dataElement": self.number, "value": "3.5"},
            ],
        }
        return body | members

    def tree(self, **members: Any) -> Body:
        """A person with an enrollment and a visit."""
        enrollment = self.enrollment() | {"events": [self.visit_event()]}
        return self.entity(enrollments=[enrollment]) | members


def find_field(sandbox: Sandbox) -> Field:
    """What the generated content has."""
    store = sandbox.store

    def uid(plural: str, name: str) -> str:
        return next(body["id"] for body in store.metadata(plural) if body["name"] == name)

    child = store.get_object("programs", uid("programs", "Child follow-up")) or {}
    outbreak = store.get_object("programs", uid("programs", "Outbreak reports")) or {}
    combo = next(
        body["id"]
        for body in store.metadata("categoryOptionCombos")
        if body["categoryCombo"] == outbreak["categoryCombo"]
    )
    return Field(
        child=child["id"],
        visit=uid("programStages", "Visit"),
        birth=uid("programStages", "Naissance"),
        person=uid("trackedEntityTypes", "Person"),
        outbreak=outbreak["id"],
        report=uid("programStages", "Report"),
        combo=combo,
        units=tuple(unit["id"] for unit in outbreak["organisationUnits"]),
        number=find_element(sandbox, "EVENT_NUMBER"),
        text=find_element(sandbox, "EVENT_TEXT"),
        integer=find_element(sandbox, "EVENT_INTEGER_POSITIVE"),
        first_name=uid("trackedEntityAttributes", "First name"),
        national_id=uid("trackedEntityAttributes", "National identifier"),
        sex=uid("trackedEntityAttributes", "Sex of the person"),
        mother=uid("relationshipTypes", "Mother of a child"),
    )


def post(
    sandbox: Sandbox,
    payload: Mapping[str, Sequence[Body]],
    *,
    username: str = "admin",
    **params: str,
) -> requests.Response:
    """``POST /api/tracker``, each object by itself and without rules unless told otherwise."""
    defaults = {"async": "false", "atomicMode": "OBJECT", "skipRuleEngine": "true"}
    return requests.post(
        f"{sandbox.url}/api/tracker",
        params=defaults | params,
        json=payload,
        auth=(username, read_password()),
        timeout=60,
    )


def codes(answer: requests.Response) -> list[tuple[str, str]]:
    """Code and UID of each refusal."""
    errors = answer.json()["validationReport"]["errorReports"]
    return [(error["errorCode"], error["uid"]) for error in errors]


def stats(answer: requests.Response) -> Body:
    """The counters that are not 0, without the total."""
    given = answer.json()["stats"]
    return {name: count for name, count in given.items() if count and name != "total"}


def values(sandbox: Sandbox, event: str) -> Body:
    """The data values of a stored event."""
    stored = sandbox.store.tracker.find("event", event)
    rows = stored.body["dataValues"] if stored else []
    return {row["dataElement"]: row["value"] for row in rows}


def attributes(sandbox: Sandbox, entity: str) -> Body:
    """The attributes of a stored tracked entity."""
    stored = sandbox.store.tracker.find("trackedEntity", entity)
    rows = stored.body["attributes"] if stored else []
    return {row["attribute"]: row["value"] for row in rows}
