"""A tracker import from the outside: its parameters, and its payload as one list a kind.

A payload may nest enrollments in tracked entities and events in enrollments, or list them beside
each other; nested objects take the UIDs of what holds them. Relationships may stand in any of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

import orjson

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.stored_tracker import PAYLOAD_MEMBERS, Body, TrackerKind
from d2_assets.sandbox.tracker_versions import TrackerFacts

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "importStrategy": ("CREATE", "UPDATE", "CREATE_AND_UPDATE", "DELETE"),
    "atomicMode": ("ALL", "OBJECT"),
    "importMode": ("COMMIT", "VALIDATE"),
    "reportMode": ("ERRORS", "WARNINGS", "FULL"),
}
_DEFAULTS = {"importStrategy": "CREATE_AND_UPDATE", "atomicMode": "ALL", "importMode": "COMMIT"}
_BELOW: Mapping[TrackerKind, tuple[TrackerKind, ...]] = {
    "trackedEntity": ("enrollment", "relationship"),
    "enrollment": ("event", "relationship"),
    "event": ("relationship",),
    "relationship": (),
}
#: What a nested object is told of the one that holds it.
_INHERITED = ("trackedEntity", "enrollment")


class RefusedRequestError(Exception):
    """A request that is not even looked at: its status and what is said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """Parameters of an import; ``lost_objects`` is a fault, see ``Ask.lost_rows``."""

    strategy: str = "CREATE_AND_UPDATE"
    is_atomic: bool = True
    validates_only: bool = False
    run_async: bool = True
    skips_rules: bool = False
    report_mode: str = "ERRORS"
    lost_objects: int = 0


@dataclass(slots=True)
class Sent:
    """One object of a payload. ``index`` is its place among those of its kind."""

    kind: TrackerKind
    uid: str
    body: Body
    index: int

    def tell(self, name: str) -> str:
        """A member as text; "" when it is left out."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that was sent, by kind and UID; of two with one UID the last."""

    objects: Mapping[TrackerKind, dict[str, Sent]] = field(
        default_factory=lambda: {kind: {} for kind in PAYLOAD_MEMBERS}
    )

    def iterate(self) -> Iterator[Sent]:
        """All objects, parents first."""
        for of_kind in self.objects.values():
            yield from of_kind.values()


def read_tracker_options(query: Mapping[str, Sequence[str]], facts: TrackerFacts) -> TrackerOptions:
    """The options of a request; raises ``RefusedRequestError`` for a value of no meaning."""
    values = {name: given[-1] for name, given in query.items()}
    chosen = {}
    for name, allowed in _CHOICES.items():
        given = values.get(name) or _DEFAULTS.get(name, "ERRORS")
        if given.upper() not in allowed:
            words = facts.bad_enum_words.format(given, name, ", ".join(allowed))
            raise RefusedRequestError(400, words)
        chosen[name] = given.upper()
    return TrackerOptions(
        strategy=chosen["importStrategy"],
        is_atomic=chosen["atomicMode"] == "ALL",
        validates_only=chosen["importMode"] == "VALIDATE",
        run_async=values.get("async") != "false",
        skips_rules=values.get("skipRuleEngine") == "true",
        report_mode=chosen["reportMode"],
    )


def read_bundle(body: bytes, facts: TrackerFacts) -> Bundle:
    """The payload; raises ``RefusedRequestError`` for what is no JSON of a tracker import."""
    try:
        content = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        text = body.decode("utf-8", "replace")
        words = facts.malformed_words.format(text.find("[") + 1, len(text) + 1)
        raise RefusedRequestError(facts.malformed_status, words) from error
    if not isinstance(content, dict):
        raise RefusedRequestError(facts.malformed_status, "Cannot deserialize the payload")
    bundle = Bundle()
    for kind in PAYLOAD_MEMBERS:
        _take(bundle, kind, content, {})
    return bundle


def _take(
    bundle: Bundle, kind: TrackerKind, holder: Mapping[str, Any], inherited: Mapping[str, str]
) -> None:
    for given in holder.get(PAYLOAD_MEMBERS[kind]) or ():
        body = {**given, **(inherited if kind != "relationship" else {})}
        uid = str(body.get(kind) or generate_uid(SystemRandom()))
        body[kind] = uid
        of_kind = bundle.objects[kind]
        of_kind[uid] = Sent(kind, uid, body, of_kind[uid].index if uid in of_kind else len(of_kind))
        below = {name: str(body[name]) for name in _INHERITED if body.get(name)}
        for nested in _BELOW[kind]:
            _take(bundle, nested, body, below)
        for nested in _BELOW[kind]:
            body.pop(PAYLOAD_MEMBERS[nested], None)
