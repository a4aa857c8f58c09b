"""Aggregate data values as far as the plan: extract, translate, check, plan, for one pair.

Done once for all months of a run; ``sync.months`` then pushes and reconciles month by month. The
lease of the destination is held from its first reading to its last: a plan made on older
readings would lie.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from d2_assets.both_sides import ask_both, heed
from d2_assets.data_values.check import SPREAD, find_unfit
from d2_assets.data_values.chosen import (
    keep_chosen_registrations,
    keep_chosen_values,
    narrow_scope,
    narrow_window,
)
from d2_assets.data_values.completeness import (
    CompletenessPlan,
    plan_registrations,
    read_destination_registrations,
    read_registrations,
)
from d2_assets.data_values.content import OPTION_COMBOS
from d2_assets.data_values.extract import Window, open_window, plan_reads, stage_values
from d2_assets.data_values.identities import Identities
from d2_assets.data_values.month_hash import hash_registrations, hash_values
from d2_assets.data_values.outside import Outside, count_outside
from d2_assets.data_values.plan import hold_brake, plan_changes
from d2_assets.data_values.scope import Scope, read_scope
from d2_assets.data_values.translate import (
    find_strange_attributes,
    find_strange_option_combos,
    identify,
    translate_chosen,
    translate_registrations,
    translate_values,
)
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.month_hashes import ContentHash
from d2_assets.ledger.work_list import verify_work_list
from d2_assets.staging.database import Database, open_database
from d2_assets.sync.clocks import measure_clocks
from d2_assets.sync.leases import hold_leases
from d2_assets.sync.preflight import check_servers, check_write_access
from d2_assets.sync.recall import await_open_chunk, recall
from d2_assets.sync.work import ASSET, PREVIEW, REPLAY, PlannedWork, Work


@contextmanager
def plan_data_values(
    work: Work, source: DHIS2Client, destination: DHIS2Client
) -> Iterator[PlannedWork]:
    """Read both sides and plan; nothing is sent. The lease is held until the context ends.

    A preview has tables of its own and a lease on them alone. A replay reads its rows alone and
    mirrors nothing: what it did not read is not missing at the source.
    """
    if work.chosen is not None:
        work = replace(work, choices=replace(work.choices, mirror=False))
    for warning in check_servers(source, destination, work.stop).warnings:
        work.warn(warning)
    with hold_leases(
        work,
        source.url,
        destination.url,
        is_two_way=bool(work.choices.reverse),
        preview=PREVIEW,
        writing_runs=work.choices.writing_runs,
    ):
        began = work.clock()
        identities = Identities(source, destination, work.choices, work.stop)
        whole = read_scope(source, destination, work.choices, work.stop, identities)
        check_write_access(whole, destination)
        scope = whole
        if work.chosen:
            scope = narrow_scope(whole, translate_chosen(work.chosen, whole.crosswalk))
        window = _open_window(work, whole)
        if not work.is_preview:
            for month in work.months:
                verify_work_list(work.home.quarantine(ASSET, work.pair, month))
        folder = _open_folder(work)
        outside = _count_outside(work, source, whole, folder)
        await_open_chunk(work, destination)
        with open_database(folder) as database:
            hashes = _stage_both(
                work, source, destination, scope, window, folder, database, identities
            )
            whole, scope = identify(whole, identities), identify(scope, identities)
            find_unfit(database, whole, window, folder / "checked.parquet")
            recall(database, work, source, destination, scope, folder)
            plan = plan_changes(
                database, work.choices, scope, folder, measure_clocks(work, source, destination)
            )
            if not work.is_preview:
                hold_brake(database, plan, work.choices)
            discarded = frozenset(row[0] for row in database.rows("SELECT digest FROM discarded"))
            completeness = {
                month: _plan_completeness(
                    work,
                    source,
                    destination,
                    scope,
                    window.of_month(month),
                    discarded,
                    identities,
                )
                for month in work.months
            }
            yield PlannedWork(
                work=work,
                source=source,
                destination=destination,
                scope=identify(scope, identities),
                window=window,
                database=database,
                folder=folder,
                plan=plan,
                completeness=completeness,
                outside=outside,
                seconds_reading=work.clock() - began,
                hashes=hashes,
            )


def _open_window(work: Work, scope: Scope) -> Window:
    if work.chosen is not None:
        return narrow_window(work.chosen, work.months[0], work.choices)
    return open_window(
        work.months,
        work.today,
        {item.period_type for item in scope.data_sets.values()},
        work.choices.start_date,
        work.choices.end_date or work.today,
    )


def _open_folder(work: Work) -> Path:
    asset = PREVIEW if work.is_preview else REPLAY if work.chosen else ASSET
    return work.home.staging(asset, work.pair, work.months)


def _count_outside(work: Work, source: DHIS2Client, scope: Scope, folder: Path) -> Outside:
    """A replay does not look beyond its rows."""
    now = work.clock()
    if work.chosen is not None:
        return Outside("", 0, 0, now)
    kept = work.home.outside(ASSET, work.pair)
    return count_outside(source, scope, work.first_month, work.today, kept, now, folder)


def _stage_both(
    work: Work,
    source: DHIS2Client,
    destination: DHIS2Client,
    scope: Scope,
    window: Window,
    folder: Path,
    database: Database,
    identities: Identities,
) -> Mapping[str, ContentHash]:
    """Both at once; only the database is one thread's alone. The source's rows are translated;
    gives their hashes from before that, by month."""
    reads = work.chosen is None or bool(work.chosen.values)
    theirs, ours = (scope.source_data_sets, scope.shared_data_sets) if reads else ((), ())
    sides = {
        "source": (source, plan_reads(theirs, scope.source_cuts, window)),
        "destination": (destination, plan_reads(ours, scope.destination_cuts, window)),
    }
    paths = {name: folder / f"{name}.parquet" for name in sides}
    so_far: dict[str, tuple[int, int]] = dict.fromkeys(sides, (0, 0))

    def stage(name: str) -> int:
        def note(done: int, rows: int) -> None:
            so_far[name] = done, rows
            heed(work.stop)

        client, queries = sides[name]
        return stage_values(client, queries, window, paths[name], note)

    def report() -> None:
        done, rows = map(sum, zip(*so_far.values(), strict=True))
        work.meter.add(done, success=rows)

    work.meter.begin("reading both sides", sum(len(queries) for _, queries in sides.values()))
    ask_both(lambda: stage("source"), lambda: stage("destination"), work.stop, report)
    for name, path in paths.items():
        database.attach(name if work.chosen is None else f"whole_{name}", path, spread_by=SPREAD)
    if work.chosen is not None:
        keep_chosen_values(database, work.chosen, read="whole_source", kept="source")
    hashes = hash_values(database, "source") if work.chosen is None else {}
    _translate_source(database, scope, identities, folder / "translated.parquet")
    if work.chosen is not None:
        chosen = translate_chosen(work.chosen, identities.crosswalk)
        keep_chosen_values(database, chosen, read="whole_destination", kept="destination")
    return hashes


def _translate_source(database: Database, scope: Scope, identities: Identities, path: Path) -> None:
    """The view of the source's rows becomes one of their translation, where a UID differs."""
    strange = find_strange_option_combos(database, "source", scope)
    crosswalk = identities.learn([OPTION_COMBOS] if strange else [])
    if translate_values(database, "source", crosswalk, path):
        database.attach("source", path, spread_by=SPREAD)


def _plan_completeness(
    work: Work,
    source: DHIS2Client,
    destination: DHIS2Client,
    scope: Scope,
    window: Window,
    discarded: frozenset[int],
    identities: Identities,
) -> CompletenessPlan:
    if work.chosen is not None and not work.chosen.registrations:
        return CompletenessPlan()
    theirs, ours = ask_both(
        lambda: read_registrations(source, scope.source_data_sets, scope.source_cuts, window),
        lambda: read_destination_registrations(destination, scope, window),
        work.stop,
    )
    if work.chosen is not None:
        theirs = keep_chosen_registrations(theirs, work.chosen)
    strange = find_strange_attributes(theirs, scope)
    crosswalk = identities.learn([OPTION_COMBOS] if strange else [])
    if work.chosen is not None:
        ours = keep_chosen_registrations(ours, translate_chosen(work.chosen, crosswalk))
    plan = plan_registrations(
        translate_registrations(theirs, crosswalk),
        ours,
        identify(scope, identities),
        work.choices,
        discarded,
    )
    return replace(plan, content=hash_registrations(theirs))
