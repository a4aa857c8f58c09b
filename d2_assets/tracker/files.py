"""Values that are files or images: compared by what is in them, moved once for each object.

Such a value is the UID of a file resource, which differs on each server. In staged bodies it is
``file:<md5>:<length>`` instead. A file resource belongs to one object for good, so each object that
needs a file gets an upload of its own, and only when the destination does not hold that content
already.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from d2_assets.dhis2.files import FileFacts
from d2_assets.errors import ContractError, RejectedError
from d2_assets.tracker.identities import ATTRIBUTES, DATA_ELEMENTS
from d2_assets.tracker.members import PART_KEYS
from d2_assets.tracker.nest import Change
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.verdicts import Verdict, decide

_FILE_TYPES = frozenset({"FILE_RESOURCE", "IMAGE"})
_PREFIX = "file:"
#: The list that holds the values of each kind of object.
_LISTS: Mapping[Kind, tuple[str, str]] = {
    Kind.TRACKED_ENTITY: ("attributes", ATTRIBUTES),
    Kind.EVENT: ("dataValues", DATA_ELEMENTS),
}
_BLOCK = 1 << 16

#: Kind, UID and the UID of the attribute or data element.
_Place = tuple[Kind, str, str]


class Server(Protocol):
    """What is asked of both servers."""

    def get_file_facts(self, uid: str) -> FileFacts: ...

    def download_event_file(self, event: str, data_element: str, to: Path) -> None: ...

    def download_attribute_file(
        self, entity: str, attribute: str, to: Path, program: str = ""
    ) -> None: ...

    def upload_file(self, path: Path, name: str, content_type: str) -> str: ...


class Files:
    """The files of one piece of work: what they are, and how they get to the destination.

    ``scratch`` is where a file lies on its way.
    """

    def __init__(self, source: Server, destination: Server, scope: Scope, scratch: Path) -> None:
        self._source = source
        self._destination = destination
        self._scope = scope
        self._scratch = scratch
        self._facts: dict[_Place, FileFacts] = {}
        self._types: dict[str, str] = {}
        self._held: dict[_Place, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self._uploads = 0

    def identify_source(self, item: TrackerObject) -> tuple[TrackerObject, Verdict | None]:
        """The object, in the destination's words already, with its files as what they are; or why
        one cannot be had."""
        try:
            return self._replace(item, lambda uid, value: self._ask_source(item, uid, value)), None
        except RejectedError as error:
            return item, decide(
                "file_missing", holder=f"{item.kind} {item.id}", cause=error.message
            )

    def identify_destination(self, item: TrackerObject) -> TrackerObject:
        """The same of what the destination holds; a file that cannot be had is no file."""
        try:
            return self._replace(item, lambda uid, value: self._ask_destination(item, uid, value))
        except RejectedError:
            return self._replace(item, lambda uid, value: f"{_PREFIX}missing")

    def place(self, change: Change) -> Change:
        """A change as it is sent: new files are uploaded, those that are there already stay.

        What stays is named again, by its UID there: importers up to 2.41 refuse a body without
        its compulsory values, and an object may keep its own file [read].
        RejectedError, ContractError: a file could not be moved, or not whole.
        """
        if change.kind not in _LISTS:
            return change
        name, _ = _LISTS[change.kind]
        key = PART_KEYS[name]
        if not any(_is_file(part) for part in change.body.get(name) or ()):
            return change
        values = [
            {**part, "value": self._find_uid(change, part[key], part["value"])}
            if _is_file(part)
            else part
            for part in change.body[name]
        ]
        return replace(change, body={**change.body, name: values})

    def _ask_source(self, item: TrackerObject, uid: str, value: str) -> str:
        facts = self._source.get_file_facts(value)
        self._facts[item.kind, item.id, uid] = facts
        if item.kind is Kind.TRACKED_ENTITY:
            self._types[item.id] = item.type
        return _identify(facts)

    def _ask_destination(self, item: TrackerObject, uid: str, value: str) -> str:
        identity = _identify(self._destination.get_file_facts(value))
        self._held[item.kind, item.id, uid] = (identity, value)
        return identity

    def _find_uid(self, change: Change, uid: str, identity: str) -> str:
        """The UID of a file at the destination; it is sent there first where it is not yet."""
        held, value = self._held.get((change.kind, change.id, uid), ("", ""))
        return value if held == identity else self._move(change, uid)

    def _replace(self, item: TrackerObject, name: Callable[[str, str], str]) -> TrackerObject:
        if item.kind not in _LISTS:
            return item
        member, plural = _LISTS[item.kind]
        key = PART_KEYS[member]
        wanted = frozenset(self._list_files(item.body, member, plural))
        if not wanted:
            return item
        values = [
            {**part, "value": name(part[key], part["value"])} if part[key] in wanted else part
            for part in item.body[member]
        ]
        return replace(item, body={**item.body, member: values})

    def _list_files(self, body: Body, member: str, plural: str) -> Iterator[str]:
        facts = self._scope.facts
        known = facts.attributes if plural == ATTRIBUTES else facts.elements
        for part in body.get(member) or ():
            uid = part[PART_KEYS[member]]
            if uid in known and known[uid].value_type in _FILE_TYPES:
                yield uid

    def _move(self, change: Change, uid: str) -> str:
        """Fetch a file from the source and send it; gives the UID of its new resource."""
        facts = self._facts[change.kind, change.id, uid]
        with self._lock:
            self._uploads += 1
            path = self._scratch / f"file-{self._uploads}.download"
        try:
            self._download(change, uid, path)
            if _hash(path) != facts.md5:
                raise ContractError(
                    f"The file {facts.name} of {change.id} did not come as the source holds it.",
                    remedy="Launch the partition again. Servers up to 2.40 draw images of "
                    "attributes anew: such a file is to be entered at the destination by hand.",
                )
            return self._destination.upload_file(path, facts.name, facts.content_type)
        finally:
            path.unlink(missing_ok=True)

    def _download(self, change: Change, uid: str, path: Path) -> None:
        back = self._scope.crosswalk.back
        if change.kind is Kind.EVENT:
            self._source.download_event_file(change.id, back(DATA_ELEMENTS, uid), path)
            return
        attribute = back(ATTRIBUTES, uid)
        *others, last = self._list_views(self._types.get(change.id, ""), uid, attribute)
        for program in others:
            try:
                self._source.download_attribute_file(change.id, attribute, path, program)
            except RejectedError:
                continue  # The entity may be seen through the next one.
            return
        self._source.download_attribute_file(change.id, attribute, path, last)

    def _list_views(self, type_: str, uid: str, attribute: str) -> list[str]:
        """What an attribute is seen through: its type (""), or the source's programs that ask for
        it."""
        known = self._scope.facts.types.get(type_)
        if known is not None and uid in known.attributes:
            return [""]
        asking = [
            program.id
            for program in self._scope.programs.values()
            if any(one.id == attribute for one in program.attributes)
        ]
        return asking or [""]


def _identify(facts: FileFacts) -> str:
    return f"{_PREFIX}{facts.md5}:{facts.length}"


def _is_file(part: Mapping[str, Any]) -> bool:
    return str(part.get("value") or "").startswith(_PREFIX)


def _hash(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
