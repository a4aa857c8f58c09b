"""Push and reconcile events or tracked entities month by month: what is finished stays finished."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from d2_assets.errors import CancelledError, D2AssetsError
from d2_assets.ledger import tracker as tables
from d2_assets.ledger.journal import Journal, open_journal
from d2_assets.ledger.month_hashes import NO_CONTENT
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.pace import Pace
from d2_assets.sync.month_hashes import forget_hash, note_hash
from d2_assets.sync.own_writes import note_tracker
from d2_assets.sync.tracker import agreed_path
from d2_assets.sync.tracker_work import PlannedTracker, TrackerResult
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.collisions import list_collisions, name_collisions
from d2_assets.tracker.echoes import record_echoes
from d2_assets.tracker.moved_on import NOBODY_MOVED, MovedOn, find_moved_on
from d2_assets.tracker.nest import adapt_to
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.push import push_changes
from d2_assets.tracker.readback import Reader, count_roots, read_back
from d2_assets.tracker.reconcile import (
    AGREED,
    Reconciliation,
    compare_objects,
    iterate_differences,
)
from d2_assets.tracker.two_way import record_agreed


def move_tracker(planned: PlannedTracker) -> Iterator[TrackerResult]:
    """Push and reconcile each month of the work; a month with an error is the last one."""
    work = planned.work
    pace = Pace(work.choices.chunk_size)
    reader = _make_reader(planned)
    for month in work.months:
        path = work.home.journal(work.asset, work.pair, month)
        with open_journal(path, work.run, planned.destination.url, work.clock) as journal:
            result = _move_month(planned, month, journal, pace, reader)
        yield result
        if result.error is not None:
            return


def _make_reader(planned: PlannedTracker) -> Reader:
    """Objects are read back as they were staged: without what the source's version never has."""
    dialect, scope = planned.source.dialect, planned.scope
    programs: dict[str, list[str]] = {}
    for uid in scope.destination_programs:
        programs.setdefault(scope.facts.programs[uid].tracked_entity_type, []).append(uid)

    def identify(item: TrackerObject) -> TrackerObject:
        return planned.files.identify_destination(adapt_to(item, dialect, Adaptations()))

    return Reader(planned.destination, programs, identify)


def _move_month(
    planned: PlannedTracker, month: str, journal: Journal, pace: Pace, reader: Reader
) -> TrackerResult:
    work, database = planned.work, planned.database
    began = work.clock()
    forget_hash(work, month)
    push = _push(planned, month, journal, pace, reader)
    pushed = work.clock()
    names = {uid: one.name for uid, one in planned.scope.facts.attributes.items()}
    name_collisions(
        database, planned.destination, planned.folder / f"collisions-{month}.parquet", names
    )
    not_read = _read_back(planned, month, push, reader)
    objects = compare_objects(
        database,
        work.choices,
        month,
        _count_read(planned, month),
        sum(planned.plan.destination_only.get(month, {}).values()),
        planned.folder,
        read_back=not_read is None,
    )
    if not_read is None:
        note_tracker(planned, month)
    moved_on, not_named = _find_moved_on(planned, month)
    files = _write_tables(planned, month, moved_on)
    _remember(planned)
    if not_read is None:
        journal.finish()
    result = _conclude(
        planned,
        month,
        objects,
        push,
        moved_on,
        files,
        seconds_pushing=pushed - began,
        seconds_reconciling=work.clock() - pushed,
        error=push.error or not_read or not_named,
    )
    if result.is_settled:
        content = planned.staged.hashes.get(month, NO_CONTENT)
        ends = planned.source.url, planned.destination.url
        note_hash(work, month, content, ends=ends, at=work.clock())
    return result


def _push(
    planned: PlannedTracker, month: str, journal: Journal, pace: Pace, reader: Reader
) -> PushResult:
    work, meter = planned.work, planned.work.meter
    meter.begin(f"sending {month}", planned.plan.sends(month))
    line = Line(
        client=planned.destination,
        journal=journal,
        pace=pace,
        writers=work.choices.writers,
        stop=work.stop,
        clock=work.clock,
        sleep=work.sleep,
    )
    return push_changes(
        planned.database,
        line,
        work.choices,
        reader,
        month,
        planned.folder / f"settled-{month}.parquet",
        lambda so_far: meter.add(
            so_far.sent,
            success=so_far.sent - so_far.refused,
            warnings=so_far.refused,
            errors=int(so_far.error is not None),
        ),
        planned.files.place,
    )


def _read_back(
    planned: PlannedTracker, month: str, push: PushResult, reader: Reader
) -> D2AssetsError | None:
    """Make the view ``found``. Gives the error when the destination cannot be read: ``found`` is
    then what it was before; a cancelled run does not ask."""
    path = planned.folder / f"found-{month}.parquet"
    meter = planned.work.meter
    error: D2AssetsError | None = None
    if isinstance(push.error, CancelledError):
        error = push.error
    elif push.sent:
        meter.begin(f"reading back {month}", count_roots(planned.database, month))
        try:
            read_back(planned.database, reader, month, path, meter.add)
        except D2AssetsError as unread:
            error = unread
        else:
            return None
    read_back(planned.database, reader, month, path, has_sent=False)
    return error


def _count_read(planned: PlannedTracker, month: str) -> Mapping[Kind, int]:
    """What the source gave, by its own table and not by the plan's."""
    found = dict(
        planned.database.rows(
            f"SELECT kind, count(*) FROM source WHERE month = '{month}' GROUP BY kind"
        )
    )
    return {kind: found.get(str(kind), 0) for kind in Kind}


def _find_moved_on(planned: PlannedTracker, month: str) -> tuple[MovedOn, D2AssetsError | None]:
    """Against the ledger of the last run of the month, before it is written anew. A source that is
    away stops the run after that, not the ledger."""
    work = planned.work
    if not work.is_registration or work.stop.is_set():
        return NOBODY_MOVED, None
    ledger = work.home.ledger(work.asset, work.pair, month)
    try:
        found = find_moved_on(planned.database, ledger, month, planned.source, planned.scope)
    except D2AssetsError as error:
        return NOBODY_MOVED, error
    return found, None


def _write_tables(planned: PlannedTracker, month: str, moved_on: MovedOn) -> Mapping[str, Path]:
    """The ledger, the objects that wait for a person, and the tables beside them."""
    work, database = planned.work, planned.database
    ledger = work.home.ledger(work.asset, work.pair, month)
    quarantine = work.home.quarantine(work.asset, work.pair, month)
    beside = {
        name: ledger.with_name(f"{month}-{name}.parquet")
        for name in ("adaptations", "differences", "collisions", "moved_on")
    }
    tables.save_ledger(database, ledger)
    tables.save_quarantine(database, quarantine, pair=work.pair, run=work.run)
    adaptations = (
        (str(one.kind), one.member, one.what, one.why, str(one.objects))
        for one in planned.staged.adaptations
    )
    collisions = (tuple(one.values()) for one in list_collisions(database, most=None))
    moved = ((one.id, one.month) for one in moved_on.entities)
    tables.write_rows("adaptations", beside["adaptations"], adaptations)
    tables.write_rows("differences", beside["differences"], iterate_differences(database))
    tables.write_rows("collisions", beside["collisions"], collisions)
    tables.write_rows("moved_on", beside["moved_on"], moved)
    return {"ledger": ledger, "quarantine": quarantine, **beside}


def _remember(planned: PlannedTracker) -> None:
    """What the server keeps otherwise, and what both ends of a two-way pair share now. A part of an
    entity is not what they share."""
    work, database = planned.work, planned.database
    record_echoes(database, work.home.echoes(work.asset, work.pair))
    if work.choices.is_two_way:
        path = agreed_path(work, planned.source, planned.destination)
        whole = f"{AGREED} AND kind <> '{Kind.TRACKED_ENTITY}'"
        agreed = whole if work.choices.shows_part else AGREED
        record_agreed(database, path, agreed, planned.agreement, work.warn)


def _conclude(
    planned: PlannedTracker,
    month: str,
    objects: Reconciliation,
    push: PushResult,
    moved_on: MovedOn,
    files: Mapping[str, Path],
    *,
    seconds_pushing: float,
    seconds_reconciling: float,
    error: D2AssetsError | None,
) -> TrackerResult:
    database = planned.database
    return TrackerResult(
        month=month,
        objects=objects,
        quarantined=database.value("SELECT count(*) FROM quarantine"),
        reasons=tables.list_reasons(database),
        quarantined_rows=tables.list_rows(database),
        collisions=list_collisions(database),
        moved_on=moved_on,
        push=push,
        seconds_pushing=seconds_pushing,
        seconds_reconciling=seconds_reconciling,
        files=files,
        error=error,
    )
