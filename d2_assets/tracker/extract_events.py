"""Events of programs without registration, from both sides, by the days on which they occurred.

The destination is asked for the same days. An event may stand there under another day, so those
that were not met are looked up by UID, unless the program holds nothing outside the days.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from d2_assets.both_sides import ask_both, heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.tracker import EventQuery
from d2_assets.dhis2.tracker_parameters import EVENTS_A_REQUEST
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.identities import PROGRAMS, STAGES
from d2_assets.tracker.month_hash import MonthHashes
from d2_assets.tracker.objects import Body, TrackerObject
from d2_assets.tracker.relations import Relations, find_elsewhere
from d2_assets.tracker.rows import DestinationRows, SourceRows
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.shape import flatten_event
from d2_assets.tracker.windows import Span

Note = Callable[[int, int], None]


@dataclass(slots=True)
class EventReads:
    """What is read of one side. ``ids``: live and deleted events of the months, by program;
    ``seen``: how many events of each program came, also from outside the months; ``hashes``: of
    all that was met in the months, where they are wanted."""

    client: DHIS2Client
    queries: Sequence[EventQuery]
    span: Span
    page_size: int
    told: Adaptations
    relations: Relations = field(default_factory=Relations)
    hashes: MonthHashes | None = None
    ids: dict[str, set[str]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)

    def read(self, note: Note, stop: Event) -> Iterator[TrackerObject]:
        """The events of the months, each once; relationships go to ``relations``."""
        rows = 0
        for done, query in enumerate(self.queries, start=1):
            for page in self.client.iterate_events(query, self.page_size):
                heed(stop)
                for event in self._take(query.program, page):
                    rows += 1
                    yield event
                note(done - 1, rows)
            note(done, rows)

    def _take(self, program: str, page: Iterable[Body]) -> Iterator[TrackerObject]:
        ids, seen = self.ids.setdefault(program, set()), self.seen.setdefault(program, set())
        for body in page:
            seen.add(body["event"])
            month = self.span.find_month(str(body.get("occurredAt") or ""))
            if not month or body["event"] in ids:
                continue
            ids.add(body["event"])
            yield self._take_one(body, month)

    def _take_one(self, body: Body, month: str) -> TrackerObject:
        flat = (replace(one, month=month) for one in flatten_event(body, self.told))
        event, *related = flat if self.hashes is None else self.hashes.note(flat)
        self.relations.note(event)
        for one in related:
            self.relations.add(one)
        return event


def stage_events(
    theirs: EventReads,
    ours: EventReads,
    rows: SourceRows,
    rows_there: DestinationRows,
    note: tuple[Note, Note],
    stop: Event,
    report: Callable[[], None],
) -> None:
    """Write the events of both sides, then what of the source's was not met at the destination."""

    def stage_source() -> None:
        for event in theirs.read(note[0], stop):
            rows.add(event)

    def stage_destination() -> None:
        for event in ours.read(note[1], stop):
            rows_there.add(event)

    ask_both(stage_source, stage_destination, stop, report)
    _stage_met_nowhere(theirs, ours, rows_there, stop)
    _stage_relationships(theirs, ours, rows, rows_there)


def plan_source_reads(scope: Scope, span: Span) -> list[EventQuery]:
    """One reading for each program, stage that the pair names, org unit and range of days."""
    return [
        query
        for program in scope.programs
        for stage in scope.stages_asked(program)
        for query in _ask(program, stage, scope.source_roots, span)
    ]


def plan_destination_reads(scope: Scope, span: Span) -> list[EventQuery]:
    """The same, in the destination's words, of the programs that it has."""
    known = set(scope.destination_programs)
    queries: list[EventQuery] = []
    for program in scope.programs:
        there = scope.crosswalk.get(PROGRAMS, program)
        stages = [
            scope.crosswalk.get(STAGES, stage) if stage else ""
            for stage in scope.stages_asked(program)
        ]
        for stage in stages if there in known else ():
            if not stage or stage in scope.facts.stages:
                queries += _ask(there, stage, scope.destination_roots, span)
    return queries


def find_at_source(
    source: DHIS2Client, ids_there: Mapping[str, Collection[str]], scope: Scope
) -> set[str]:
    """Those of the destination's events, by its programs, that the source has in any month."""
    back = {scope.crosswalk.get(PROGRAMS, program): program for program in scope.programs}
    return {
        body["event"]
        for program, ids in ids_there.items()
        if program in back
        for batch in cut(sorted(ids), EVENTS_A_REQUEST)
        for body in source.list_events(back[program], batch)
    }


def cut(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The UIDs of one request after the other."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _ask(program: str, stage: str, roots: Iterable[str], span: Span) -> Iterator[EventQuery]:
    for root in roots:
        for days in span.ranges:
            yield EventQuery(
                program=program,
                stage=stage,
                org_unit=root,
                occurred_after=days.after,
                occurred_before=days.before,
            )


def _stage_met_nowhere(
    theirs: EventReads, ours: EventReads, rows_there: DestinationRows, stop: Event
) -> None:
    """Look up the source's events that the destination did not show in the window."""
    scope = rows_there.scope
    known = set(scope.destination_programs)
    for program, ids in theirs.ids.items():
        there = scope.crosswalk.get(PROGRAMS, program)
        missing = ids - ours.ids.get(there, set())
        if there not in known or not missing or _holds_no_more(ours, there):
            continue
        for batch in cut(sorted(missing), EVENTS_A_REQUEST):
            heed(stop)
            for body in ours.client.list_events(there, batch):
                event, *related = flatten_event(body, ours.told)
                rows_there.add(event)
                ours.relations.note(event)
                for one in related:
                    ours.relations.add(one)


def _holds_no_more(ours: EventReads, program: str) -> bool:
    """Whether all events of a program were met in the window: none can be elsewhere."""
    return ours.client.count_events(EventQuery(program)) <= len(ours.seen.get(program, ()))


def _stage_relationships(
    theirs: EventReads, ours: EventReads, rows: SourceRows, rows_there: DestinationRows
) -> None:
    """Those between two such events; others are the other asset's and say so."""
    strange = sorted(set(theirs.relations.list_strange_events()))
    known = {
        body["event"]
        for program in (rows.scope.programs if strange else ())
        for batch in cut(strange, EVENTS_A_REQUEST)
        for body in theirs.client.list_events(program, batch)
    }
    relations = theirs.relations
    for item in relations.drain():
        rows.add(item, find_elsewhere(item, lambda uid: relations.has(uid) or uid in known))
    for item in ours.relations.drain():
        rows_there.add(item, find_elsewhere(item, ours.relations.has))
