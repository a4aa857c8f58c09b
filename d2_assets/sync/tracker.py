"""Events and tracked entities as far as the plan: scope, both sides, what earlier runs left.

Done once for all months of a run; ``sync.tracker_months`` then pushes and reconciles month by
month. The lease of the destination is held from its first reading to its last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from d2_assets.data_values.clocks import find_clock_error
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import get_system_info
from d2_assets.ledger.resume import load_journals
from d2_assets.staging.database import Database, open_database
from d2_assets.sync.leases import hold_leases
from d2_assets.sync.preflight import check_servers
from d2_assets.sync.recall import await_open_chunk
from d2_assets.sync.tracker_work import PlannedTracker, TrackerWork
from d2_assets.tracker.echoes import attach_echoes
from d2_assets.tracker.files import Files
from d2_assets.tracker.outside import NOTHING_OUTSIDE, Outside, count_outside
from d2_assets.tracker.plan import hold_brake, plan_changes
from d2_assets.tracker.rows import FileIdentities
from d2_assets.tracker.scope import Scope, read_scope
from d2_assets.tracker.stage import Staged, stage_both
from d2_assets.tracker.two_way import (
    NO_AGREEMENT,
    NO_CLOCKS,
    Agreement,
    Clocks,
    load_agreed,
    make_agreement,
)
from d2_assets.tracker.windows import Span

#: The file of what two instances share; it knows no months, since entities move between them.
_ALL_MONTHS = "all"


@contextmanager
def plan_tracker(
    work: TrackerWork, source: DHIS2Client, destination: DHIS2Client
) -> Iterator[PlannedTracker]:
    """Read both sides and plan; nothing is sent. The lease is held until the context ends.

    A preview has tables of its own and a lease on them alone.
    """
    for warning in check_servers(source, destination, work.stop, work.asset).warnings:
        work.warn(warning)
    if work.choices.old_endpoints:
        source = source.reading_old_tracker()
    with hold_leases(
        work,
        source.url,
        destination.url,
        is_two_way=work.choices.is_two_way,
        preview=_name_preview(work),
        writing_runs=work.choices.writing_runs,
    ):
        began = work.clock()
        scope = read_scope(source, destination, work.choices, work.is_registration, work.stop)
        asset = _name_preview(work) if work.is_preview else work.asset
        folder = work.home.staging(asset, work.pair, work.months)
        span = open_span(work, work.months)
        outside = _count_outside(work, source, scope)
        await_open_chunk(work, destination)
        with open_database(folder) as database:
            files = Files(source, destination, scope, folder)
            staged = _stage(work, source, destination, scope, span, folder, database, files)
            agreement = _recall(work, source, destination, scope, database)
            plan = plan_changes(
                database,
                work.choices,
                scope,
                folder,
                agreement=agreement,
                clocks=_measure_clocks(work, source, destination),
            )
            if not work.is_preview:
                hold_brake(database, plan, work.choices)
            yield PlannedTracker(
                work=work,
                source=source,
                destination=destination,
                scope=scope,
                span=span,
                files=files,
                agreement=agreement,
                database=database,
                folder=folder,
                staged=staged,
                plan=plan,
                outside=outside,
                seconds_reading=work.clock() - began,
            )


def agreed_path(work: TrackerWork, source: DHIS2Client, destination: DHIS2Client) -> Path:
    """What both ends of a two-way pair were last seen to share."""
    return work.home.agreed(work.asset, source.name, destination.name, _ALL_MONTHS)


def _name_preview(work: TrackerWork) -> str:
    return f"{work.asset}_preview"


def open_span(work: TrackerWork, months: tuple[str, ...]) -> Span:
    """The pair's dates are those of events; an entity's month is when it was last changed."""
    if work.is_registration:
        return Span(months, work.first_month, takes_older=True)
    return Span(
        months,
        work.first_month,
        start=work.choices.start_date,
        end=work.choices.end_date,
    )


def _count_outside(work: TrackerWork, source: DHIS2Client, scope: Scope) -> Outside:
    """Events alone: the first month holds every older entity, and none is changed tomorrow."""
    if work.is_registration:
        return NOTHING_OUTSIDE
    kept = work.home.outside(work.asset, work.pair)
    return count_outside(source, scope, work.first_month, work.today, kept, work.clock())


def _stage(
    work: TrackerWork,
    source: DHIS2Client,
    destination: DHIS2Client,
    scope: Scope,
    span: Span,
    folder: Path,
    database: Database,
    files: Files,
) -> Staged:
    return stage_both(
        database,
        source,
        destination,
        scope,
        work.choices,
        span,
        folder,
        files=FileIdentities(files.identify_source, files.identify_destination),
        stop=work.stop,
        begin=work.meter.begin,
        report=lambda done, rows: work.meter.add(done, success=rows),
    )


def _recall(
    work: TrackerWork,
    source: DHIS2Client,
    destination: DHIS2Client,
    scope: Scope,
    database: Database,
) -> Agreement:
    """What earlier runs left that the plan must know."""
    home, pair = work.home, work.pair
    journals = [home.journal(work.asset, pair, month) for month in work.months]
    load_journals(database, journals, destination.url)
    attach_echoes(database, home.echoes(work.asset, pair))
    if not work.choices.is_two_way:
        return NO_AGREEMENT
    load_agreed(database, agreed_path(work, source, destination))
    return make_agreement(scope, source.name, destination.name)


def _measure_clocks(work: TrackerWork, source: DHIS2Client, destination: DHIS2Client) -> Clocks:
    """Asked for only where the pair's rule compares stamps."""
    if work.choices.conflict_rule != "newest" or not work.choices.is_two_way:
        return NO_CLOCKS
    (theirs, their_error), (ours, our_error) = (
        _measure(work, client) for client in (source, destination)
    )
    return Clocks(theirs, ours, their_error, our_error)


def _measure(work: TrackerWork, client: DHIS2Client) -> tuple[str, int | None]:
    asked = work.clock()
    info = get_system_info(client.session)
    return info.time_zone, find_clock_error(info, (asked + work.clock()) / 2)
