"""Push and reconcile, month by month: what is finished stays finished when a later month fails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.completeness import (
    CompletenessPlan,
    digest_registration,
    push_registrations,
    read_destination_registrations,
)
from d2_assets.data_values.extract import plan_reads, stage_values
from d2_assets.data_values.plan import is_sent
from d2_assets.data_values.push import push_changes
from d2_assets.data_values.reconcile import Reconciliation, compare_values
from d2_assets.data_values.translate import restore_values
from d2_assets.errors import CancelledError, D2AssetsError
from d2_assets.ledger.agreed import record_agreed
from d2_assets.ledger.journal import Journal, open_journal
from d2_assets.ledger.month_hashes import NO_CONTENT
from d2_assets.ledger.quarantine import list_reasons, list_rows, stage_quarantine
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.pace import Pace
from d2_assets.sync.month_hashes import forget_hash, note_hash
from d2_assets.sync.own_writes import note_values
from d2_assets.sync.work import ASSET, COMPLETENESS, PlannedWork


@dataclass(frozen=True, slots=True)
class MonthResult:
    """What a month came to. ``error`` stopped it; the ledger is written all the same.

    ``reasons``: code, an example in words, rows. Seconds are of pushing and of reading back.
    """

    month: str
    values: Reconciliation
    completeness: CompletenessPlan
    quarantined: int
    reasons: list[tuple[str, str, int]]
    quarantined_rows: list[dict[str, str]]
    push: PushResult
    seconds_pushing: float
    seconds_reconciling: float
    files: Mapping[str, Path]
    error: D2AssetsError | None = None

    @property
    def written(self) -> int:
        """Rows and registrations that were created, updated or deleted at the destination."""
        return self.values.tally.written + self.values.mirrored + self.completeness.tally.written

    @property
    def unaccounted(self) -> int:
        """Rows without exactly one outcome, values and registrations together."""
        values = abs(self.values.lost) + self.values.doubled
        return values + abs(self.completeness.tally.unaccounted)

    @property
    def is_settled(self) -> bool:
        """Whether the month ended without an error, and nothing in it is left open."""
        left = self.values.tally.unsettled + self.completeness.tally.unsettled
        return self.error is None and not (self.unaccounted or self.values.broken or left)


def move_data_values(planned: PlannedWork) -> Iterator[MonthResult]:
    """Push and reconcile each month of the work; a month with an error is the last one."""
    work = planned.work
    pace = Pace(work.choices.chunk_size)
    for month in work.months:
        url = planned.destination.url
        with open_journal(planned.journal(month), work.run, url, work.clock) as journal:
            result = _move_month(planned, month, journal, pace)
        yield result
        if result.error is not None:
            return


def _move_month(planned: PlannedWork, month: str, journal: Journal, pace: Pace) -> MonthResult:
    work, database = planned.work, planned.database
    began = work.clock()
    if work.asset == ASSET:
        forget_hash(work, month)
    push = _push_values(planned, month, journal, pace)
    pushed = work.clock()
    not_read = _read_back(planned, month, push)
    ledger = planned.ledger(work.asset, month)
    values = compare_values(
        database,
        month,
        database.value(f"SELECT count(*) FROM source WHERE month = '{month}'"),
        planned.plan.destination_only.get(month, 0),
        ledger,
        merge=work.choices.merge,
        read_back=not_read is None,
    )
    completeness, not_registered = _push_completeness(planned, month, push.error or not_read)
    _load_registrations(planned, month, completeness)
    if not_read is None:
        note_values(planned, month)
    _note_agreed(planned, month)
    quarantine = work.home.quarantine(work.asset, work.pair, month)
    asked = work.chosen.ids if work.chosen else ()
    rows = stage_quarantine(database, quarantine, pair=work.pair, run=work.run, asked=asked)
    if not_read is None:
        journal.finish()
    result = MonthResult(
        month=month,
        values=values,
        completeness=completeness,
        quarantined=rows,
        reasons=list_reasons(database),
        quarantined_rows=list_rows(database),
        push=push,
        seconds_pushing=pushed - began,
        seconds_reconciling=work.clock() - pushed,
        files={"ledger": ledger, "quarantine": quarantine},
        error=push.error or not_read or not_registered,
    )
    _note_hash(planned, result)
    return result


def _note_hash(planned: PlannedWork, result: MonthResult) -> None:
    """What the source held of a month, when all of it was moved and nothing was left open."""
    work, month = planned.work, result.month
    if work.asset == ASSET and work.chosen is None and result.is_settled:
        content = planned.hashes.get(month, NO_CONTENT) + result.completeness.content
        ends = planned.source.url, planned.destination.url
        note_hash(work, month, content, ends=ends, at=work.clock())


def _note_agreed(planned: PlannedWork, month: str) -> None:
    """Note what both ends share; ``outcomes`` and ``registrations`` go by the source's UIDs after
    that. Rows whose source is no DHIS2 come back from nowhere."""
    database, scope, work = planned.database, planned.scope, planned.work
    if work.asset != ASSET:
        return
    path_of = partial(work.home.agreed, ASSET, planned.source.name, planned.destination.name)
    if not scope.agrees_by_source:
        record_agreed(database, path_of, work.warn)
    path = planned.folder / f"outcomes-{month}.parquet"
    if restore_values(database, "outcomes", scope.crosswalk, path):
        database.attach("outcomes", path, spread_by=SPREAD)
    path = planned.folder / f"registrations-{month}.parquet"
    if restore_values(database, "registrations", scope.crosswalk, path):
        database.attach("restored", path)
        database.execute("CREATE OR REPLACE TABLE registrations AS FROM restored")
    if scope.agrees_by_source:
        record_agreed(database, path_of, work.warn)


def _push_values(planned: PlannedWork, month: str, journal: Journal, pace: Pace) -> PushResult:
    work, meter = planned.work, planned.work.meter
    meter.begin(f"sending {month}", planned.plan.sends(month))
    return push_changes(
        planned.database,
        Line(
            client=planned.destination,
            journal=journal,
            pace=pace,
            writers=work.choices.writers,
            stop=work.stop,
            clock=work.clock,
            sleep=work.sleep,
        ),
        month,
        planned.folder / f"settled-{month}.parquet",
        lambda so_far: meter.add(
            so_far.sent,
            success=so_far.sent - so_far.refused,
            warnings=so_far.refused,
            errors=int(so_far.error is not None),
        ),
    )


def _read_back(planned: PlannedWork, month: str, push: PushResult) -> D2AssetsError | None:
    """Make the view ``found``: the destination as it stands now, where something was sent.

    What nothing was sent to was read before the plan already; it is not read twice. Gives the
    error when the destination cannot be read, ``found`` is then what it was before; a cancelled
    run does not ask.
    """
    database = planned.database
    touched = [
        data_set
        for (data_set,) in database.rows(
            f"SELECT DISTINCT data_set FROM plan WHERE month = '{month}' AND {is_sent('action')}"
        )
    ]
    before = f"SELECT * FROM destination WHERE month = '{month}'"
    database.execute(f"CREATE OR REPLACE VIEW found AS {before}")
    if isinstance(push.error, CancelledError):
        return push.error
    if not touched or not push.sent:
        return None
    path = planned.folder / f"found-{month}.parquet"
    window = planned.window.of_month(month)
    queries = plan_reads(touched, planned.scope.destination_cuts, window)
    planned.work.meter.begin(f"reading back {month}", len(queries))
    try:
        stage_values(
            planned.destination, queries, window, path, lambda done, _: planned.work.meter.add(done)
        )
    except D2AssetsError as error:
        return error
    database.attach("read_back", path, spread_by=SPREAD)
    names = ", ".join(f"'{data_set}'" for data_set in touched)
    database.execute(
        f"CREATE OR REPLACE VIEW found AS {before} AND data_set NOT IN ({names}) "
        "UNION ALL SELECT * FROM read_back"
    )
    return None


def _push_completeness(
    planned: PlannedWork, month: str, stopped: D2AssetsError | None
) -> tuple[CompletenessPlan, D2AssetsError | None]:
    """Registrations follow their values; none is sent when the values could not be."""
    plan = planned.completeness[month]
    if stopped is not None:
        return plan.stop(), None
    scope, window = planned.scope, planned.window.of_month(month)
    try:
        return (
            push_registrations(
                planned.destination,
                plan,
                lambda: read_destination_registrations(planned.destination, scope, window),
                planned.work.choices.chunk_size,
            ),
            None,
        )
    except D2AssetsError as error:
        return plan.stop(sent=True), error


def _load_registrations(planned: PlannedWork, month: str, plan: CompletenessPlan) -> None:
    """The table ``registrations`` and its ledger: every registration and its one outcome. What is
    no DHIS2 has none of them, and no ledger."""
    items = plan.planned
    planned.database.load(
        "registrations",
        pa.table(
            {
                "month": pa.array([month] * len(items), pa.string()),
                "data_set": pa.array([item.registration.data_set for item in items], pa.string()),
                "period": pa.array([item.registration.period for item in items], pa.string()),
                "org_unit": pa.array([item.registration.org_unit for item in items], pa.string()),
                "attribute_option_combo": pa.array(
                    [item.registration.attribute_option_combo for item in items], pa.string()
                ),
                "completed": pa.array([item.registration.completed for item in items], pa.bool_()),
                "outcome": pa.array([str(item.outcome) for item in items], pa.string()),
                "code": pa.array([item.code for item in items], pa.string()),
                "reason": pa.array([item.words for item in items], pa.string()),
                "digest": pa.array(
                    [digest_registration(item.registration) for item in items], pa.uint64()
                ),
            }
        ),
    )
    if planned.work.asset == ASSET:
        ledger = planned.ledger(COMPLETENESS, month)
        planned.database.save("SELECT * FROM registrations", ledger)
