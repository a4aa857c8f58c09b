"""What only the destination has, where the pair mirrors: both sides are looked at once more.

An object that the source has in another month, or that the pair's filters leave out, is never
taken for one that only the destination has.
"""

from collections.abc import Iterator, Mapping, Sequence
from threading import Event

from d2_assets.both_sides import heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.tracker_parameters import ENTITIES_A_REQUEST
from d2_assets.tracker.check import find_filter
from d2_assets.tracker.extract_entities import EntityReads, Listed
from d2_assets.tracker.extract_events import EventReads, cut, find_at_source
from d2_assets.tracker.identities import PROGRAMS, TYPES
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.rows import DestinationRows
from d2_assets.tracker.scope import Scope


def find_events_elsewhere(theirs: EventReads, ours: EventReads, scope: Scope) -> set[str]:
    """Events that the destination has in the months, and the source in another month."""
    there = {scope.crosswalk.get(PROGRAMS, uid): ids for uid, ids in theirs.ids.items()}
    only = {uid: ids - there.get(uid, set()) for uid, ids in ours.ids.items()}
    return find_at_source(theirs.client, only, scope)


def stage_lone_entities(
    listed: Listed,
    listed_there: Listed,
    source: DHIS2Client,
    ours: EntityReads,
    rows_there: DestinationRows,
    stop: Event,
) -> None:
    """Write the trees of the entities that only the destination has and that are the pair's."""
    scope = rows_there.scope
    back = {scope.crosswalk.get(TYPES, uid): uid for uid in listed}
    for type_, entities in listed_there.items():
        known = listed.get(back.get(type_, ""), {})
        lone = [
            uid for uid, (_, stamp) in entities.items() if uid not in known and not stamp.deleted
        ]
        for batch in cut(lone, ENTITIES_A_REQUEST):
            heed(stop)
            read = source.read_entities(back[type_], batch, ()) if type_ in back else ()
            at_source = {tree["trackedEntity"] for tree in read}
            gone = {uid: entities[uid][0] for uid in batch if uid not in at_source}
            for one in _read_lone(type_, gone, ours, scope):
                rows_there.add(one)


def _read_lone(
    type_: str, months: Mapping[str, str], ours: EntityReads, scope: Scope
) -> Iterator[TrackerObject]:
    """Their trees with all their programs: what is enrolled elsewhere too is not the pair's."""
    programs = [
        uid for uid, one in scope.facts.programs.items() if one.tracked_entity_type == type_
    ]
    for tree in ours.client.read_entities(type_, list(months), programs) if months else ():
        objects = ours.flatten(tree, months[tree["trackedEntity"]])
        if is_ours(objects, scope):
            yield from ours.keep(objects)


def is_ours(objects: Sequence[TrackerObject], scope: Scope) -> bool:
    """Whether everything of a tree is what the pair moves."""
    live = [one for one in objects if not one.deleted]
    if any(find_filter(one, scope) for one in live):
        return False
    return not scope.is_narrow or any(one.kind is Kind.ENROLLMENT for one in live)
