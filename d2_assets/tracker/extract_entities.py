"""Tracked entities from both sides: first which there are, then their whole trees, by UID.

The source says which entities belong to the months; the destination is asked for the same UIDs,
whatever its own stamps say. Everything under an entity has the entity's month.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Event

from d2_assets.both_sides import ask_both, heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.tracker import EntityQuery, EntityStamp
from d2_assets.dhis2.tracker_parameters import ENTITIES_A_REQUEST
from d2_assets.errors import TransientError
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.extract_events import Note, cut
from d2_assets.tracker.identities import TYPES
from d2_assets.tracker.month_hash import MonthHashes
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.relations import Relations
from d2_assets.tracker.rows import DestinationRows, SourceRows, mark_deleted
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.shape import flatten_entity
from d2_assets.tracker.verdicts import Verdict, decide
from d2_assets.tracker.windows import Span

#: Entities by type, then by UID: the month of each and the stamp that says so.
Listed = Mapping[str, Mapping[str, tuple[str, EntityStamp]]]


@dataclass(slots=True)
class EntityReads:
    """What is needed to read trees of one side; ``hashes``: of all that was met in them, where they
    are wanted."""

    client: DHIS2Client
    told: Adaptations
    relations: Relations = field(default_factory=Relations)
    hashes: MonthHashes | None = None

    def take(self, tree: Body, month: str) -> list[TrackerObject]:
        """The objects of a tree; relationships go to ``relations``."""
        return self.keep(self.flatten(tree, month))

    def flatten(self, tree: Body, month: str) -> list[TrackerObject]:
        """All objects of a tree, relationships too."""
        flat = (replace(one, month=month) for one in flatten_entity(tree, self.told))
        marked = mark_deleted(flat)
        return marked if self.hashes is None else self.hashes.note(marked)

    def keep(self, objects: Iterable[TrackerObject]) -> list[TrackerObject]:
        """The objects that are rows at once; relationships go to ``relations``."""
        kept = []
        for one in objects:
            if one.kind is Kind.RELATIONSHIP:
                self.relations.add(one)
            else:
                self.relations.note(one)
                kept.append(one)
        return kept


def list_entities(
    client: DHIS2Client,
    types: Iterable[str],
    roots: Iterable[str],
    span: Span,
    page_size: int,
    stop: Event,
) -> Listed:
    """The tracked entities of the months, deleted ones too."""
    roots = tuple(roots)
    return {type_: _list_of_type(client, type_, roots, span, page_size, stop) for type_ in types}


def stage_entities(
    listed: Listed,
    theirs: EntityReads,
    ours: EntityReads,
    rows: SourceRows,
    rows_there: DestinationRows,
    note: tuple[Note, Note],
    stop: Event,
    report: Callable[[], None],
) -> None:
    """Write the trees of both sides; at the destination of the same UIDs."""

    def stage_source() -> None:
        for item, verdict in read_trees(listed, theirs, rows.scope, note[0], stop):
            rows.add(item, verdict)

    def stage_destination() -> None:
        for item in _read_destination(listed, ours, rows_there.scope, note[1], stop):
            rows_there.add(item)

    ask_both(stage_source, stage_destination, stop, report)
    for item in theirs.relations.drain():
        rows.add(item)


def count_batches(listed: Listed) -> int:
    """Requests for trees of one side, about."""
    return sum(-(-len(entities) // ENTITIES_A_REQUEST) for entities in listed.values())


def list_programs_there(scope: Scope, type_there: str) -> tuple[str, ...]:
    """The pair's programs at the destination with entities of a type, by its UIDs."""
    return tuple(
        uid
        for uid in scope.destination_programs
        if scope.facts.programs[uid].tracked_entity_type == type_there
    )


def _list_of_type(
    client: DHIS2Client,
    type_: str,
    roots: Iterable[str],
    span: Span,
    page_size: int,
    stop: Event,
) -> dict[str, tuple[str, EntityStamp]]:
    found: dict[str, tuple[str, EntityStamp]] = {}
    for root in roots:
        for days in span.ranges:
            query = EntityQuery(type_, root, days.after, days.before)
            for page in client.iterate_entity_stamps(query, page_size):
                heed(stop)
                for stamp in page:
                    if month := span.find_month(stamp.updated_at):
                        found[stamp.id] = month, stamp
    return found


def read_trees(
    listed: Listed, reads: EntityReads, scope: Scope, note: Note, stop: Event
) -> Iterator[tuple[TrackerObject, Verdict | None]]:
    """The objects of the source's listed entities, and why one is not the pair's, if known."""
    done = rows = 0
    for type_, entities in listed.items():
        programs = scope.programs_of(type_)
        for batch in cut(list(entities), ENTITIES_A_REQUEST):
            heed(stop)
            trees = {
                tree["trackedEntity"]: tree
                for tree in reads.client.read_entities(type_, batch, programs)
            }
            _require_all(batch, entities, trees, reads.client.name)
            for uid in batch:
                month, stamp = entities[uid]
                tree = trees.get(uid) or _make_deleted_tree(stamp, type_)
                for item in reads.take(tree, month):
                    rows += 1
                    yield item, _find_entity_filter(item, tree, scope)
            done += 1
            note(done, rows)


def _read_destination(
    listed: Listed, reads: EntityReads, scope: Scope, note: Note, stop: Event
) -> Iterator[TrackerObject]:
    done = rows = 0
    for type_, entities in listed.items():
        there = scope.crosswalk.get(TYPES, type_)
        programs = list_programs_there(scope, there)
        for batch in cut(list(entities), ENTITIES_A_REQUEST):
            heed(stop)
            known = there in scope.facts.types
            for tree in reads.client.read_entities(there, batch, programs) if known else ():
                for item in reads.take(tree, entities[tree["trackedEntity"]][0]):
                    rows += 1
                    yield item
            done += 1
            note(done, rows)


def _require_all(
    batch: Iterable[str],
    entities: Mapping[str, tuple[str, EntityStamp]],
    trees: Mapping[str, Body],
    server: str,
) -> None:
    """A live entity that was listed must be there: what is missing would pass for deleted."""
    missing = [uid for uid in batch if uid not in trees and not entities[uid][1].deleted]
    if missing:
        raise TransientError(
            f"{server} listed {len(missing)} tracked entities and then did not give them: "
            f"{', '.join(missing[:5])}.",
            remedy="They changed while they were being read. Launch the partition again.",
        )


def _make_deleted_tree(stamp: EntityStamp, type_: str) -> Body:
    return {
        "trackedEntity": stamp.id,
        "trackedEntityType": type_,
        "orgUnit": stamp.org_unit,
        "updatedAt": stamp.updated_at,
        "deleted": True,
    }


def _find_entity_filter(item: TrackerObject, tree: Body, scope: Scope) -> Verdict | None:
    """Where the pair names programs, an entity without any enrollment in them is not its own."""
    if item.kind is not Kind.TRACKED_ENTITY or not scope.is_narrow or item.deleted:
        return None
    return None if tree.get("enrollments") else decide("entity_filtered", id=item.id)
