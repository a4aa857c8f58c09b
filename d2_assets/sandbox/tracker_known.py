"""What a tracker import looks at: what was sent, what is stored, what the metadata say."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.catalogue import Catalogue
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_tracker import PAYLOAD_MEMBERS, StoredObject, TrackerKind, find_end
from d2_assets.sandbox.stored_tracker_reads import TrackerQuery, find_objects, select_objects
from d2_assets.sandbox.tracker_metadata import TrackerMetadata
from d2_assets.sandbox.tracker_requests import Bundle, Sent, TrackerOptions
from d2_assets.sandbox.tracker_versions import TrackerFacts, find_tracker_facts


@dataclass
class Known:
    """One import's view, read once: the import holds the only connection that writes."""

    instance: Instance
    account: Account
    options: TrackerOptions
    bundle: Bundle
    connection: sqlite3.Connection
    stored: dict[TrackerKind, dict[str, StoredObject]] = field(init=False)

    def __post_init__(self) -> None:
        wanted: dict[TrackerKind, set[str]] = {
            kind: set(of_kind) for kind, of_kind in self.bundle.objects.items()
        }
        for sent in self.bundle.iterate():
            for kind, uid in list_parents(sent):
                wanted[kind].add(uid)
        self.stored = {kind: find_objects(self.connection, kind, wanted[kind]) for kind in wanted}
        # An event that is there may name neither its enrollment nor its tracked entity anew.
        columns: Mapping[TrackerKind, str]
        columns = {"enrollment": "enrollment", "trackedEntity": "tracked_entity"}
        for above, column in columns.items():
            more = {
                getattr(item, column)
                for item in [*self.stored["event"].values(), *self.stored["enrollment"].values()]
            } - self.stored[above].keys()
            self.stored[above] |= find_objects(self.connection, above, more - {""})

    @cached_property
    def metadata(self) -> TrackerMetadata:
        """Programs and what belongs to them."""
        return self.instance.tracker_metadata

    @cached_property
    def catalogue(self) -> Catalogue:
        """Organisation units."""
        return self.instance.catalogue

    @cached_property
    def facts(self) -> TrackerFacts:
        """How this version's importer answers."""
        return find_tracker_facts(self.instance.facts.line)

    def find_stored(self, kind: TrackerKind, uid: str) -> StoredObject | None:
        """What is stored under a UID and not deleted."""
        found = self.stored[kind].get(uid)
        return None if found is None or found.deleted else found

    def has(self, kind: TrackerKind, uid: str) -> bool:
        """Whether an object is there or will be."""
        sent = uid in self.bundle.objects[kind] and not self.is_deleted(kind, uid)
        return sent or self.find_stored(kind, uid) is not None

    def is_deleted(self, kind: TrackerKind, uid: str) -> bool:
        """Whether an object was there once."""
        found = self.stored[kind].get(uid)
        return found is not None and found.deleted

    def is_new(self, sent: Sent) -> bool:
        """Whether an object is not there yet."""
        return sent.uid not in self.stored[sent.kind]

    def tell(self, kind: TrackerKind, uid: str, name: str) -> str:
        """A member of an object as it will be: as sent, else as stored."""
        sent = self.bundle.objects[kind].get(uid)
        if sent and sent.tell(name):
            return sent.tell(name)
        stored = self.find_stored(kind, uid)
        return str((stored.body.get(name) if stored else "") or "")

    def list_enrollments(self, entity: str, program: str) -> dict[str, str]:
        """Enrollments of a tracked entity in a program, with their status, those sent included."""
        query = TrackerQuery("enrollment", tracked_entities=[entity], program=program)
        found = {
            item.uid: str(item.body.get("status") or "ACTIVE")
            for item in select_objects(self.connection, query)
        }
        for sent in self._sent_enrollments.get((entity, program), ()):
            found[sent.uid] = sent.tell("status") or "ACTIVE"
        return found

    @cached_property
    def _sent_enrollments(self) -> dict[tuple[str, str], list[Sent]]:
        """What was sent, by tracked entity and program."""
        found: dict[tuple[str, str], list[Sent]] = {}
        for sent in self.bundle.objects["enrollment"].values():
            key = (sent.tell("trackedEntity"), sent.tell("program"))
            found.setdefault(key, []).append(sent)
        return found

    @cached_property
    def first_senders(self) -> dict[tuple[str, str], str]:
        """Attribute and value -> the first tracked entity that was sent with it."""
        found: dict[tuple[str, str], str] = {}
        for sent in self.bundle.objects["trackedEntity"].values():
            for row in sent.body.get("attributes") or ():
                found.setdefault((str(row.get("attribute")), str(row.get("value"))), sent.uid)
        return found

    def list_events(self, enrollment: str, stage: str) -> list[StoredObject]:
        """The stored events of an enrollment in a stage."""
        query = TrackerQuery("event", enrollments=[enrollment], stage=stage)
        return list(select_objects(self.connection, query))

    def may_write_unit(self, unit: str) -> bool:
        """Whether the account captures data in a known unit."""
        return self.catalogue.is_under(unit, self.account.org_units)


def list_parents(sent: Sent) -> list[tuple[TrackerKind, str]]:
    """What an object cannot be without, by kind and UID."""
    if sent.kind == "relationship":
        return [end for end in (read_end(sent, "from"), read_end(sent, "to")) if end]
    names: tuple[TrackerKind, ...] = ()
    if sent.kind == "enrollment":
        names = ("trackedEntity",)
    if sent.kind == "event":
        names = ("enrollment",)
    return [(name, sent.tell(name)) for name in names if sent.tell(name)]


def read_end(sent: Sent, side: str) -> tuple[TrackerKind, str] | None:
    """Kind and UID of one end of a relationship; None when it names nothing, or more than one."""
    item = sent.body.get(side)
    named: list[TrackerKind] = [
        kind for kind in PAYLOAD_MEMBERS if isinstance(item, dict) and item.get(kind)
    ]
    return (named[0], find_end(item)) if len(named) == 1 else None
