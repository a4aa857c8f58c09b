"""A sweep: which months the source holds otherwise than when they were last moved whole.

What lastUpdated cannot show (rows stamped in the past, a clock that was wrong, registrations, rows
removed for good) shows in the hash of a whole month. Only the source is read; months whose hash is
the noted one are passed over, all others are moved as usual. Rows that wait for a person may have
been mended at the destination, which is not read: a month with such rows is moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from d2_assets.both_sides import heed
from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.completeness import Key, Registrations, read_registrations
from d2_assets.data_values.extract import Window, open_window, plan_reads, stage_values
from d2_assets.data_values.month_hash import hash_registrations, hash_values
from d2_assets.data_values.scope import read_source, split_reads
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.errors import ContractError
from d2_assets.ledger.lease import hold_lease
from d2_assets.ledger.month_hashes import NO_CONTENT, ContentHash, NotedMonth, read_noted
from d2_assets.ledger.work_list import count_waiting
from d2_assets.staging.database import open_database
from d2_assets.sync.month_hashes import fingerprint_choices
from d2_assets.sync.tracker import open_span
from d2_assets.sync.tracker_work import TrackerWork
from d2_assets.sync.work import Work
from d2_assets.tracker.source_alone import SourceReading, hash_source

#: Name of the folder of tables, and of the lease on it.
SWEEP = "data_values_sweep"


class Why(StrEnum):
    """Why a sweep moves a month."""

    NOT_NOTED = "no whole run of it ended well since something of it was last sent"
    OTHER_CHOICES = "the pair's filters or choices, or one of its servers, are others than then"
    ROWS_WAIT = "rows of it wait in quarantine, and may be able to land now"
    OTHER_CONTENT = "the source holds something else than when it was last moved"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The months of a sweep, each in one of the two: why it is moved, or what was noted of it."""

    changed: Mapping[str, Why]
    unchanged: Mapping[str, NotedMonth]


def sweep_data_values(work: Work, source: DHIS2Client, destination_url: str) -> Sweep:
    """The months of the work, compared; the destination is not asked. Errors are those of reading
    a source."""
    candidates, changed = _find_candidates(work, source.url, destination_url)
    hashes = _hash_values(work, tuple(candidates), source) if candidates else {}
    return _compare(candidates, changed, hashes)


def sweep_tracker(work: TrackerWork, source: DHIS2Client, destination_url: str) -> Sweep:
    """The same of events or tracked entities."""
    candidates, changed = _find_candidates(work, source.url, destination_url)
    if not candidates:
        return Sweep(changed, {})
    if work.choices.old_endpoints:
        source = source.reading_old_tracker()
    reading = SourceReading(
        source,
        work.choices,
        work.is_registration,
        open_span(work, tuple(candidates)),
        stop=work.stop,
        begin=work.meter.begin,
        report=lambda done, rows: work.meter.add(done, success=rows),
    )
    return _compare(candidates, changed, hash_source(reading))


def _find_candidates(
    work: Work | TrackerWork, source: str, destination: str
) -> tuple[dict[str, NotedMonth], dict[str, Why]]:
    """Months whose content decides, and those that are moved whatever it is."""
    scope = fingerprint_choices(work.choices, source, destination)
    candidates: dict[str, NotedMonth] = {}
    changed: dict[str, Why] = {}
    for month in work.months:
        noted = read_noted(work.home.hashes(work.asset, work.pair, month))
        if noted is None:
            changed[month] = Why.NOT_NOTED
        elif noted.scope != scope:
            changed[month] = Why.OTHER_CHOICES
        elif _has_waiting(work.home.quarantine(work.asset, work.pair, month)):
            changed[month] = Why.ROWS_WAIT
        else:
            candidates[month] = noted
    return candidates, changed


def _has_waiting(path: Path) -> bool:
    """A damaged list counts: the run that moves the month tells what is wrong with it."""
    try:
        return count_waiting(path) > 0
    except ContractError:
        return True


def _compare(
    candidates: Mapping[str, NotedMonth],
    changed: Mapping[str, Why],
    hashes: Mapping[str, ContentHash],
) -> Sweep:
    unchanged = {
        month: noted
        for month, noted in candidates.items()
        if hashes.get(month, NO_CONTENT) == noted.content
    }
    differs = dict.fromkeys(candidates.keys() - unchanged.keys(), Why.OTHER_CONTENT)
    return Sweep(dict(sorted({**changed, **differs}.items())), unchanged)


def _hash_values(
    work: Work, months: tuple[str, ...], source: DHIS2Client
) -> dict[str, ContentHash]:
    """Read as a whole run reads, into a table that is gone afterwards."""
    choices = work.choices
    theirs = read_source(source, choices)
    cuts = split_reads(theirs.units, theirs.roots, choices.pull_level)
    types = {item.period_type for item in theirs.chosen.values()}
    window = open_window(months, work.today, types, choices.start_date, choices.end_date)
    queries = plan_reads(theirs.chosen, cuts, window)
    work.meter.begin("reading the source", len(queries))

    def note(done: int, rows: int) -> None:
        work.meter.add(done, success=rows)
        heed(work.stop)

    with hold_lease(work.home.leases(), f"{SWEEP} {work.pair}", f"run {work.run}", log=work.log):
        folder = work.home.staging(SWEEP, work.pair, months)
        path = folder / "source.parquet"
        stage_values(source, queries, window, path, note)
        with open_database(folder) as database:
            database.attach("source", path, spread_by=SPREAD)
            values = hash_values(database, "source")
        path.unlink()
        path.with_name(f"{path.name}.json").unlink()
    found = read_registrations(source, theirs.chosen, cuts, window)
    registered = _hash_by_month(found, window)
    return {
        month: values.get(month, NO_CONTENT) + registered.get(month, NO_CONTENT) for month in months
    }


def _hash_by_month(found: Registrations, window: Window) -> dict[str, ContentHash]:
    by_month: dict[str, dict[Key, CompletenessRegistration]] = {}
    for key, item in found.items():
        month = window.month_by_period.get(item.period, window.months[0])
        by_month.setdefault(month, {})[key] = item
    return {month: hash_registrations(items) for month, items in by_month.items()}
