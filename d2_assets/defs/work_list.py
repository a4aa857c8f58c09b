"""What people do with the rows of a work list: move them again, discard them, take that back."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import dagster as dg
from pydantic import Field

from d2_assets.defs.assets import data_values
from d2_assets.defs.assets.data_values import open_work
from d2_assets.defs.failures import make_failure
from d2_assets.defs.partitions import group_by_pair, join_key
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import find_reason_to_leave_out
from d2_assets.defs.tables import show_outcomes, show_table
from d2_assets.defs.tagging import add_written, tag_warned
from d2_assets.defs.tags import PARTIAL_TAG
from d2_assets.defs.work_list_table import refresh_work_list
from d2_assets.errors import CancelledError, ConfigurationError, D2AssetsError
from d2_assets.settings import Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.months import MonthResult, move_data_values
from d2_assets.sync.work_list import (
    Listed,
    discard_rows,
    find_discarded,
    find_rows,
    restore_rows,
)

_IDS = "Ids of rows, copied from the table of overview/quarantine."


class ReplayConfig(dg.Config):
    """Which rows of the work list to move again; all of the chosen partitions by default."""

    rows: list[str] = Field(default=[], description=_IDS)
    codes: list[str] = Field(
        default=[], description="Codes of the work list: all rows that wait with one of them."
    )


class DecisionConfig(dg.Config):
    """Which rows, who decides, and why."""

    rows: list[str] = Field(description=_IDS)
    name: str = Field(description="Who decides this: it is kept with the row.")
    reason: str = Field(description="Why, for whoever asks later.")


class _Decide(Protocol):
    def __call__(
        self, home: Home, listed: Listed, *, name: str, reason: str, at: datetime, run: str
    ) -> int: ...


def build_replay_quarantine(partitions: dg.PartitionsDefinition) -> dg.JobDefinition:
    """The job ``replay_quarantine``: chosen rows go the whole way again, and no others."""

    @dg.op(
        name="replay",
        description="Reads the chosen rows on both sides, checks, sends and reads them back.",
    )
    def replay(
        context: dg.OpExecutionContext,
        config: ReplayConfig,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
    ) -> None:
        known = settings.load()
        try:
            months = group_by_pair(context.partition_keys)
            for listed in find_rows(home.open(), months, config.rows, config.codes):
                _replay(context, known, home.open(), dhis2, listed)
        except CancelledError as cancelled:
            raise cancelled.interruption or cancelled from cancelled
        except D2AssetsError as error:
            raise make_failure(error) from error

    @dg.job(
        name="replay_quarantine",
        partitions_def=partitions,
        tags={PARTIAL_TAG: "true"},
        description="Moves rows of the work list again, once their cause is mended: those whose "
        "ids or codes you name, or all of the chosen partitions. Rows that land leave the list. "
        "The month itself is not marked as materialised.",
    )
    def replay_quarantine() -> None:
        replay()

    return replay_quarantine


def _replay(
    context: dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    dhis2: DHIS2Resource,
    listed: Listed,
) -> None:
    pair = settings.pair(listed.pair)
    reason = find_reason_to_leave_out(pair, "data_values", settings)
    if reason:
        context.log.info(f"{pair.name}: {reason} Nothing was asked.")
        return
    with open_work(
        context, settings, home, dhis2, pair, [listed.month], chosen=listed.choose()
    ) as planned:
        for result in move_data_values(planned):
            _record(context, listed, result)
            add_written(context, result.written)
            _refresh(context, home, listed)
            if result.error is not None:
                raise result.error


def _record(context: dg.OpExecutionContext, listed: Listed, result: MonthResult) -> None:
    """What came of the chosen rows: an observation, since they are not the month."""
    context.log_event(
        dg.AssetObservation(
            data_values.KEY,
            partition=join_key(listed.pair, listed.month),
            description="Rows of the work list were moved again; the others were not looked at.",
            metadata={
                "rows_chosen": len(listed.rows),
                "outcomes": show_outcomes(result.values.tally),
                "completeness": show_outcomes(result.completeness.tally),
                "still_waiting": result.quarantined,
                "quarantine_reasons": show_table(
                    {"code": code, "rows": rows, "reason": reason}
                    for code, reason, rows in result.reasons
                ),
                "ledger_file": dg.MetadataValue.path(str(result.files["ledger"])),
            },
        )
    )
    if result.quarantined:
        tag_warned(context)


def _refresh(context: dg.OpExecutionContext, home: Home, listed: Listed) -> None:
    """Show the list as it stands now."""
    context.log_event(refresh_work_list(home, listed.pair, listed.month))


def build_discard_quarantined(partitions: dg.PartitionsDefinition) -> dg.JobDefinition:
    """The job ``discard_quarantined``: a person takes rows off the work list."""
    return _build_decision(
        "discard_quarantined",
        "discard",
        partitions,
        find_rows,
        discard_rows,
        "Takes rows off the work list for good, with a name and a reason. They are not sent again "
        "as long as the source gives them unchanged; a row whose content changes is tried again.",
    )


def build_restore_discarded(partitions: dg.PartitionsDefinition) -> dg.JobDefinition:
    """The job ``restore_discarded``: a person takes discards back."""
    return _build_decision(
        "restore_discarded",
        "restore",
        partitions,
        find_discarded,
        restore_rows,
        "Takes discards back, with a name and a reason: the rows are on the work list again and "
        "the next run tries them.",
    )


def _build_decision(
    name: str,
    op_name: str,
    partitions: dg.PartitionsDefinition,
    find: Callable[..., list[Listed]],
    decide: _Decide,
    description: str,
) -> dg.JobDefinition:
    @dg.op(name=op_name, description="Logs the decision and brings the work list up to date.")
    def decide_rows(
        context: dg.OpExecutionContext, config: DecisionConfig, home: HomeResource
    ) -> None:
        try:
            who = _require(config)
            months = group_by_pair(context.partition_keys)
            for listed in find(home.open(), months, config.rows):
                rows = decide(
                    home.open(), listed, **who, at=datetime.now(UTC), run=context.run.run_id
                )
                context.log.info(f"{listed.pair}, {listed.month}: {rows} rows.")
                _refresh(context, home.open(), listed)
        except D2AssetsError as error:
            raise make_failure(error) from error

    @dg.job(name=name, partitions_def=partitions, description=description)
    def decision() -> None:
        decide_rows()

    return decision


def _require(config: DecisionConfig) -> dict[str, Any]:
    """The name and the reason; ConfigurationError for what is missing."""
    who = {"name": config.name.strip(), "reason": config.reason.strip()}
    missing = [*_list_missing(who.items()), *([] if config.rows else ["rows"])]
    if missing:
        raise ConfigurationError(
            f"Of the decision {', '.join(missing)} must not be empty. Nothing was changed.",
            remedy="Say which rows, who you are and why, in the configuration of the job.",
            key=missing[0],
        )
    return who


def _list_missing(said: Iterable[tuple[str, str]]) -> list[str]:
    return [name for name, text in said if not text]
