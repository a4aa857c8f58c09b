"""A data value import from the outside: its options, its envelope, its summary.

Both importers give a ``Summary``; how it is dressed follows the version. ``ignored`` counts
refused and unchanged rows alike, and the HTTP status alone says little: on 2.43 a payload of good
and bad rows is 200 [seen].
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from d2_assets.sandbox.answers import Answer, answer_message
from d2_assets.sandbox.versions import VersionFacts

_SCHEMES = {
    "dataSet": "dataSetIdScheme",
    "dataElement": "dataElementIdScheme",
    "orgUnit": "orgUnitIdScheme",
    "categoryOptionCombo": "categoryOptionComboIdScheme",
    "attributeOptionCombo": "attributeOptionComboIdScheme",
}
_STRATEGIES = {
    "NEW": "CREATE",
    "UPDATES": "UPDATE",
    "NEW_AND_UPDATES": "CREATE_AND_UPDATE",
    "DELETES": "DELETE",
}
_MESSAGES = {
    "SUCCESS": "Import was successful.",
    "ERROR": "An error occurred, please check import summary.",
}


Stored = TypeVar("Stored")


class MalformedPayloadError(Exception):
    """The body is not the JSON that an import takes."""


class ServerFailureError(Exception):
    """What makes the real importer fall over with HTTP 500."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Parameters of an import; ``schemes`` says by which property each key is given.

    ``lost_rows`` is no parameter but a fault: so many rows are reported as stored and are not.
    """

    strategy: str = "CREATE_AND_UPDATE"
    dry_run: bool = False
    run_async: bool = False
    atomic: bool = False
    schemes: Mapping[str, str] = field(default_factory=dict)
    lost_rows: int = 0

    def select_stored(self, rows: Sequence[Stored]) -> Sequence[Stored]:
        """Of the rows that land by the report, those that are stored: none in a dry run."""
        return [] if self.dry_run else rows[: max(0, len(rows) - self.lost_rows)]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The body: the rows, and the keys that stand once for all of them."""

    data_set: str | None
    period: str | None
    org_unit: str | None
    attribute_option_combo: str | None
    rows: Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Summary:
    """What an import did. ``status`` is SUCCESS, WARNING or ERROR."""

    imported: int = 0
    updated: int = 0
    ignored: int = 0
    deleted: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    rejected: set[int] = field(default_factory=set)
    status: str = "SUCCESS"
    description: str | None = "Import process completed successfully"
    #: False where the importer gave up before it looked at completeness.
    says_data_set_complete: bool = True

    @property
    def landed(self) -> int:
        """Rows that changed something."""
        return self.imported + self.updated + self.deleted


def read_options(query: Mapping[str, Sequence[str]]) -> ImportOptions:
    """The options of a request; parameters that no server knows are ignored, as there."""
    values = {name: given[-1] for name, given in query.items()}
    strategy = values.get("importStrategy", "CREATE_AND_UPDATE").upper()
    general = values.get("idScheme", "UID")
    return ImportOptions(
        strategy=_STRATEGIES.get(strategy, strategy),
        dry_run=values.get("dryRun") == "true",
        run_async=values.get("async") == "true",
        atomic=values.get("atomic") == "true",
        schemes={member: values.get(name, general).upper() for member, name in _SCHEMES.items()},
    )


def read_envelope(body: bytes) -> Envelope:
    """The payload of a request; raises ``MalformedPayloadError``."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedPayloadError(body.decode("utf-8", "replace")) from error
    if not isinstance(content, dict):
        raise MalformedPayloadError(body.decode("utf-8", "replace"))
    return Envelope(
        data_set=content.get("dataSet") or None,
        period=content.get("period") or None,
        org_unit=content.get("orgUnit") or None,
        attribute_option_combo=content.get("attributeOptionCombo") or None,
        rows=content.get("dataValues") or [],
    )


def group_conflicts(conflicts: Iterable[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Conflicts that say the same become one, with the indexes of all their rows."""
    grouped: dict[tuple, dict[str, Any]] = {}
    for index, conflict in conflicts:
        key = (conflict["errorCode"], conflict["value"], str(conflict.get("objects")))
        grouped.setdefault(key, {**conflict, "indexes": []})["indexes"].append(index)
    return list(grouped.values())


def render_options(facts: VersionFacts, options: ImportOptions) -> dict[str, Any]:
    """``importOptions``, which every answer repeats."""
    rendered = dict(facts.import_options)
    if facts.repeats_id_schemes:
        rendered["idSchemes"] = {
            _SCHEMES[member]: {"type": scheme}
            for member, scheme in options.schemes.items()
            if scheme != "UID"
        }
    rendered |= {
        "dryRun": options.dry_run,
        "async": options.run_async,
        "importStrategy": options.strategy,
    }
    return rendered | ({"atomic": options.atomic} if "atomic" in rendered else {})


def render_summary(
    facts: VersionFacts, options: ImportOptions, summary: Summary, *, completeness: bool = False
) -> dict[str, Any]:
    """``response`` of an import answer."""
    body: dict[str, Any] = {
        "responseType": "ImportSummary",
        "status": summary.status,
        "importOptions": render_options(facts, options),
        "importCount": {
            "imported": summary.imported,
            "updated": summary.updated,
            "ignored": summary.ignored,
            "deleted": summary.deleted,
        },
        "conflicts": summary.conflicts,
    }
    if summary.description and (facts.importer == "row" or completeness):
        body["description"] = summary.description
    if facts.gives_rejected_indexes:
        body["rejectedIndexes"] = sorted(summary.rejected)
    if summary.says_data_set_complete and not completeness:
        body["dataSetComplete"] = "false"
    return body


def answer_summary(
    facts: VersionFacts, options: ImportOptions, summary: Summary, *, completeness: bool = False
) -> Answer:
    """The whole answer; a warning is HTTP 409 up to 2.42 and 200 from 2.43 [seen]."""
    warns = summary.status == "WARNING"
    fine = summary.status == "SUCCESS" or (warns and facts.importer == "group")
    if warns:
        message = (
            "Import completed with warnings, please check import summary."
            if facts.importer == "group"
            else "One more conflicts encountered, please check import summary."
        )
    else:
        message = _MESSAGES[summary.status]
    return answer_message(
        facts,
        200 if fine else 409,
        message=message,
        outcome="OK" if summary.status == "SUCCESS" else summary.status,
        response=render_summary(facts, options, summary, completeness=completeness),
    )


def answer_malformed(facts: VersionFacts, options: ImportOptions, text: str) -> Answer:
    """What each version says to a body that is not JSON."""
    if facts.malformed_json == "reader":
        return answer_message(facts, 400, message=f"Expected ] but reach EOI: {text}")
    start = text.find("[") + 1
    jackson = (
        "com.fasterxml.jackson.databind.JsonMappingException: Unexpected end-of-input: expected "
        "close marker for Array (start marker at [Source: (BufferedInputStream); line: 1, column: "
        f"{start}])\n at [Source: (BufferedInputStream); line: 1, column: {len(text) + 1}] "
        "(through reference chain: "
        'org.hisp.dhis.dxf2.datavalueset.DataValueSet["dataValues"])'
    )
    words = jackson if facts.malformed_json == "jackson" else "Post-condition was null"
    summary = Summary(
        status="ERROR",
        description=f"The import process failed: {words}",
        says_data_set_complete=False,
    )
    return answer_summary(facts, options, summary)
