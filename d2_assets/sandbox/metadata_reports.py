"""The report of a metadata import: what was done by class, and what was said of each object."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from d2_assets.sandbox.answers import Answer, answer_message
from d2_assets.sandbox.schema_table import Schema
from d2_assets.sandbox.versions import VersionFacts

_SEE = "One or more errors occurred, please see full details in import report."


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error about one object. ``arguments`` are what its words were made of."""

    code: str
    message: str
    arguments: tuple[Any, ...] = ()
    property: str = ""
    #: Java class of the property.
    property_klass: str = ""
    main_id: str = ""
    #: Java class of the object that is blamed, when it is not the object's own.
    main_klass: str = ""


@dataclass(slots=True)
class ObjectReport:
    """What was said of one object. ``index`` counts within its class in the request."""

    uid: str
    index: int
    complaints: list[Complaint] = field(default_factory=list)


@dataclass(slots=True)
class Counts:
    """How many objects went which way."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0

    @property
    def total(self) -> int:
        return self.created + self.updated + self.deleted + self.ignored

    def render(self) -> dict[str, int]:
        """In the server's order."""
        return {
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
            "ignored": self.ignored,
            "total": self.total,
        }


@dataclass(slots=True)
class TypeReport:
    """One class of the request."""

    schema: Schema
    counts: Counts = field(default_factory=Counts)
    objects: dict[str, ObjectReport] = field(default_factory=dict)

    def blame(self, uid: str, index: int, complaints: Iterable[Complaint]) -> None:
        """Add complaints about an object."""
        report = self.objects.setdefault(uid, ObjectReport(uid, index))
        report.complaints += complaints


@dataclass(slots=True)
class ImportReport:
    """The whole. ``status`` is OK, WARNING or ERROR."""

    types: list[TypeReport] = field(default_factory=list)
    status: str = "OK"

    @property
    def has_errors(self) -> bool:
        return any(one.objects for one in self.types)

    def count(self) -> Counts:
        """Over all classes."""
        return Counts(
            created=sum(one.counts.created for one in self.types),
            updated=sum(one.counts.updated for one in self.types),
            deleted=sum(one.counts.deleted for one in self.types),
            ignored=sum(one.counts.ignored for one in self.types),
        )


def render_report(facts: VersionFacts, report: ImportReport) -> dict[str, Any]:
    """``response`` of a metadata import."""
    return {"responseType": facts.metadata_response_type, **render_parts(facts, report)}


def render_parts(facts: VersionFacts, report: ImportReport) -> dict[str, Any]:
    """Status, counters and classes."""
    return {
        "status": report.status,
        "stats": report.count().render(),
        "typeReports": [_render_type(facts, one) for one in report.types],
    }


def _render_type(facts: VersionFacts, one: TypeReport) -> dict[str, Any]:
    return {
        "klass": one.schema.klass,
        "stats": one.counts.render(),
        "objectReports": [
            {
                "klass": one.schema.klass,
                "index": item.index,
                "uid": item.uid,
                "errorReports": [_render(facts, one.schema, said) for said in item.complaints],
            }
            for item in one.objects.values()
        ],
    }


def _render(facts: VersionFacts, schema: Schema, said: Complaint) -> dict[str, Any]:
    end = "." if facts.ends_complaints and not said.message.endswith(".") else ""
    body: dict[str, Any] = {
        "message": said.message + end,
        "mainKlass": said.main_klass or schema.klass,
        "errorCode": said.code,
    }
    named = facts.names_blamed_objects or said.code != "E5002"
    optional: Mapping[str, str] = {
        "errorKlass": said.property_klass,
        "mainId": said.main_id if named else "",
        "errorProperty": said.property if named else "",
    }
    body |= {name: value for name, value in optional.items() if value}
    body["errorProperties"] = list(said.arguments)
    return body | ({"args": [_spell(one) for one in said.arguments]} if facts.gives_args else {})


def _spell(value: Any) -> str:
    return str(value)


def answer_report(facts: VersionFacts, report: ImportReport) -> Answer:
    """The whole answer: any error makes it a 409 [seen]."""
    response = render_report(facts, report)
    if report.status == "OK":
        return answer_message(facts, 200, response=response)
    return answer_message(facts, 409, message=_SEE, outcome="WARNING", response=response)
