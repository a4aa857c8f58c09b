"""A destination for tests of pushing: it takes, refuses, crashes and loses as recorded servers do.

What it does beside that is set by the fields of ``FakeImporter``; all keys are kind and UID.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from d2_assets.dhis2.dialects import Dialect, find_dialect
from d2_assets.dhis2.tracker_reports import TrackerError, TrackerReport
from d2_assets.errors import OutcomeUnknownError, RejectedError
from d2_assets.tracker.objects import Kind

Key = tuple[Kind, str]
Body = dict[str, Any]
Sent = Mapping[str, Any]

_CHILDREN = {Kind.TRACKED_ENTITY: Kind.ENROLLMENT, Kind.ENROLLMENT: Kind.EVENT}
_VALUES = {"attributes": "attribute", "dataValues": "dataElement"}
_EXISTS = {"trackedEntity": "E1002", "enrollment": "E1080", "event": "E1030"}
_MISSING = {"trackedEntity": "E1063", "enrollment": "E1081", "event": "E1032"}
_DELETED = {"trackedEntity": "E1114", "enrollment": "E1113", "event": "E1082"}


@dataclass(slots=True)
class FakeImporter:
    """``refused``: code and words of the refusal of an object. ``crashing``: a request that holds
    one of them is answered without a list. ``swallowed``: taken and not stored. ``rewritten``:
    members that are stored otherwise. ``unique``: attributes whose values must differ. ``losing``:
    for the next requests, whether the objects are stored before the answer is lost. ``most``:
    objects that a proxy lets through.
    """

    version: str = "2.42.4"
    refused: dict[Key, tuple[str, str]] = field(default_factory=dict)
    crashing: set[Key] = field(default_factory=set)
    crash_status: int = 409
    swallowed: set[Key] = field(default_factory=set)
    rewritten: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    unique: frozenset[str] = frozenset()
    losing: list[bool] = field(default_factory=list)
    lost_status: int = 0
    most: int = 100_000
    stored: dict[Key, Body] = field(default_factory=dict)
    deleted: set[Key] = field(default_factory=set)
    requests: list[tuple[str, list[Key]]] = field(default_factory=list)
    under_way: dict[int, set[str]] = field(default_factory=dict)
    url: str = "https://there.example"
    name: str = "there"
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def dialect(self) -> Dialect:
        return find_dialect(self.version)[0]

    def post_tracker(
        self, payload: Mapping[str, Sequence[Sent]], *, strategy: str, **rest: Any
    ) -> TrackerReport:
        sent = list(flatten_payload(payload))
        keys = [(kind, body[kind]) for kind, body, _ in sent]
        with self._lock:
            self.requests.append((strategy, keys))
            if len(keys) > self.most:
                raise RejectedError("Too large.", status=413)
            if self.losing:
                if self.losing.pop(0):
                    self._import(sent, strategy)
                raise OutcomeUnknownError("The answer was lost.", status=self.lost_status)
            if self.crashing & set(keys):
                if self.crash_status == 500:
                    raise OutcomeUnknownError("It fell over.", status=500)
                return TrackerReport(self.crash_status, "ERROR", message="Boom.", is_bare=True)
            return self._import(sent, strategy)

    def _import(self, sent: Sequence[tuple[Kind, Sent, Key | None]], strategy: str) -> Any:
        errors: list[TrackerError] = []
        failed: set[Key] = set()
        for kind, body, parent in sent:
            key = (kind, body[kind])
            error = self._judge(key, body, parent, strategy, failed)
            if error is not None:
                errors.append(TrackerError(*error, kind.tracker_type, body[kind]))
                failed.add(key)
            elif strategy == "DELETE":
                self._delete(key)
            elif key not in self.swallowed:
                self._store(key, body, parent)
        taken = len(sent) - len(errors)
        return TrackerReport(
            200, "OK", created=taken, ignored=len(errors), total=len(sent), errors=tuple(errors)
        )

    def _judge(
        self, key: Key, body: Sent, parent: Key | None, strategy: str, failed: set[Key]
    ) -> tuple[str, str] | None:
        kind, uid = key
        if key in self.deleted:
            return _DELETED.get(kind, "E4017"), f"{uid} is already deleted and cannot be modified."
        is_there = key in self.stored
        if strategy in ("DELETE", "UPDATE") and not is_there:
            return _MISSING.get(kind, "E4016"), f"{uid} does not exist."
        if strategy == "CREATE" and is_there:
            return _EXISTS.get(kind, "E4015"), f"{uid} already exists."
        if key in self.refused:
            return self.refused[key]
        if strategy == "DELETE":
            return None
        if parent in failed:
            return "E5000", f"{uid} cannot be created because {parent[1]} could not be created."
        if kind is Kind.RELATIONSHIP:
            for side in ("from", "to"):
                ((end, named),) = body[side].items()
                if (Kind(end), named[end]) not in self.stored:
                    return "E4012", f"Could not find {named[end]}, linked to Relationship."
            return None
        if parent is not None and parent not in self.stored:
            return "E1068", f"Could not find {parent[1]}."
        return self._find_taken(key, body)

    def _find_taken(self, key: Key, body: Sent) -> tuple[str, str] | None:
        for one in body.get("attributes") or ():
            if one["attribute"] in self.unique and any(
                other != key and one in there.get("attributes", ())
                for other, there in self.stored.items()
            ):
                words = "Non-unique attribute value `{value}` for attribute `{attribute}`."
                return "E1064", words.format(**one)
        return None

    def _store(self, key: Key, body: Sent, parent: Key | None) -> None:
        """What a body leaves out stays; a value of null goes."""
        old = self.stored.get(key, {})
        new = {**old, **body, **self.rewritten.get(key, {})}
        for name, uid in _VALUES.items():
            parts = {one[uid]: one for one in (*old.get(name, ()), *body.get(name, ()))}
            kept = [one for one in parts.values() if one["value"] is not None]
            if kept or name in new:
                new[name] = kept
        if parent is not None:
            new["_parent"] = parent
        self.stored[key] = new

    def _delete(self, key: Key) -> None:
        del self.stored[key]
        self.deleted.add(key)
        for child in [one for one, body in self.stored.items() if body.get("_parent") == key]:
            self._delete(child)

    def list_events(self, program: str, ids: Sequence[str]) -> list[Body]:
        with self._lock:
            return [
                self._show(Kind.EVENT, uid)
                for uid in ids
                if self.stored.get((Kind.EVENT, uid), {}).get("program") == program
            ]

    def read_entities(self, type: str, ids: Sequence[str], programs: Sequence[str]) -> list[Body]:
        with self._lock:
            return [
                self._show(Kind.TRACKED_ENTITY, uid)
                for uid in ids
                if (Kind.TRACKED_ENTITY, uid) in self.stored
            ]

    def find_entities_by_value(self, type: str, attribute: str, value: str) -> list[str]:
        wanted = {"attribute": attribute, "value": value}
        return [
            uid for (_, uid), body in self.stored.items() if wanted in body.get("attributes", ())
        ]

    def _show(self, kind: Kind, uid: str) -> Body:
        """A tree as a server gives it, with its relationships on both of their ends."""
        body = {name: value for name, value in self.stored[kind, uid].items() if name[0] != "_"}
        if child := _CHILDREN.get(kind):
            body[child.plural] = [
                self._show(one, other)
                for (one, other), there in self.stored.items()
                if one is child and there.get("_parent") == (kind, uid)
            ]
        body["relationships"] = [
            there
            for (one, _), there in self.stored.items()
            if one is Kind.RELATIONSHIP
            and {str(kind): {str(kind): uid}} in (there["from"], there["to"])
        ]
        return body


def flatten_payload(
    payload: Mapping[str, Sequence[Sent]],
) -> Iterator[tuple[Kind, Sent, Key | None]]:
    """Kind, own body and parent of each object of a request, parents before children."""
    for kind in Kind:
        for body in payload.get(kind.plural, ()):
            yield from _flatten(kind, body, None)


def _flatten(kind: Kind, body: Sent, parent: Key | None) -> Iterator[tuple[Kind, Sent, Key | None]]:
    child = _CHILDREN.get(kind)
    own = {name: value for name, value in body.items() if not child or name != child.plural}
    if parent is None and kind is Kind.ENROLLMENT and body.get("trackedEntity"):
        parent = (Kind.TRACKED_ENTITY, body["trackedEntity"])
    if parent is None and kind is Kind.EVENT and body.get("enrollment"):
        parent = (Kind.ENROLLMENT, body["enrollment"])
    yield kind, own, parent
    if child:
        for one in body.get(child.plural, ()):
            yield from _flatten(child, one, (kind, body[kind]))
