"""Aggregate data values as far as the plan: extract, translate, check, plan, for one pair.

Done once for all months of a run; ``sync.months`` then pushes and reconciles month by month. The
lease of the destination is held from its first reading to its last: a plan made on older
readings would lie.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from d2_assets.data_values.check import SPREAD, find_unfit
from d2_assets.data_values.completeness import (
    CompletenessPlan,
    plan_registrations,
    read_destination_registrations,
    read_registrations,
)
from d2_assets.data_values.extract import Window, open_window, plan_reads, stage_values
from d2_assets.data_values.outside import count_outside
from d2_assets.data_values.plan import hold_brake, plan_changes
from d2_assets.data_values.scope import Scope, read_scope
from d2_assets.data_values.translate import translate_values
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.lease import hold_lease
from d2_assets.staging.database import Database, open_database
from d2_assets.sync.preflight import check_servers, check_write_access
from d2_assets.sync.recall import recall
from d2_assets.sync.work import ASSET, PREVIEW, PlannedWork, Work


@contextmanager
def plan_data_values(
    work: Work, source: DHIS2Client, destination: DHIS2Client
) -> Iterator[PlannedWork]:
    """Read both sides and plan; nothing is sent. The lease is held until the context ends.

    A preview has tables of its own and a lease on them alone.
    """
    for warning in check_servers(source, destination).warnings:
        work.warn(warning)
    leased = f"{PREVIEW} {work.pair}" if work.is_preview else destination.url
    with hold_lease(work.home.leases(), leased, f"run {work.run}", log=work.log):
        began = work.clock()
        scope = read_scope(source, destination, work.choices)
        check_write_access(scope, destination)
        window = open_window(
            work.months,
            work.today,
            {item.period_type for item in scope.data_sets.values()},
            work.choices.start_date,
            work.choices.end_date or work.today,
        )
        folder = work.home.staging(PREVIEW if work.is_preview else ASSET, work.pair, work.months)
        kept = work.home.outside(ASSET, work.pair)
        outside = count_outside(
            source, scope, work.first_month, work.today, kept, work.clock(), folder
        )
        with open_database(folder) as database:
            _stage_both(work, source, destination, scope, window, folder, database)
            translate_values(database)
            find_unfit(database, scope, window, folder / "checked.parquet")
            recall(database, work, source, destination)
            plan = plan_changes(database, work.choices, folder)
            if not work.is_preview:
                hold_brake(database, plan, work.choices)
            completeness = {
                month: _plan_completeness(work, source, destination, scope, window.of_month(month))
                for month in work.months
            }
            yield PlannedWork(
                work=work,
                source=source,
                destination=destination,
                scope=scope,
                window=window,
                database=database,
                folder=folder,
                plan=plan,
                completeness=completeness,
                outside=outside,
                seconds_reading=work.clock() - began,
            )


def _stage_both(
    work: Work,
    source: DHIS2Client,
    destination: DHIS2Client,
    scope: Scope,
    window: Window,
    folder: Path,
    database: Database,
) -> None:
    sides = (
        ("source", source, plan_reads(scope.data_sets, scope.source_cuts, window)),
        (
            "destination",
            destination,
            plan_reads(scope.shared_data_sets, scope.destination_cuts, window),
        ),
    )
    for name, client, queries in sides:
        path = folder / f"{name}.parquet"
        work.meter.begin(f"reading the {name}", len(queries))
        stage_values(
            client,
            queries,
            window,
            path,
            lambda done, rows: work.meter.add(done, success=rows),
        )
        database.attach(name, path, spread_by=SPREAD)


def _plan_completeness(
    work: Work, source: DHIS2Client, destination: DHIS2Client, scope: Scope, window: Window
) -> CompletenessPlan:
    theirs = read_registrations(source, scope.data_sets, scope.source_cuts, window)
    ours = read_destination_registrations(destination, scope, window)
    return plan_registrations(theirs, ours, scope, work.choices)
