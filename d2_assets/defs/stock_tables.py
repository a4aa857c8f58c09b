"""How stock looks in the UI: numbers, tables and files of one partition."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg

from d2_assets.defs.tables import show_data_sets, show_outcomes, show_plan, show_table
from d2_assets.ledger.outcomes import Outcome
from d2_assets.sync.stock_months import StockMonth
from d2_assets.sync.stock_work import PlannedStock, StagedMonth, StagedStock

#: Rows of a table on the screen; all of them are in its file.
_SHOWN = 50


def show_movements(staged: StagedStock, month: StagedMonth, source_url: str) -> dict[str, Any]:
    """All that the UI shows of one month of ``stock_movements``."""
    closed = (
        {
            "facility": staged.names.facility(one.facility),
            "program": one.program,
            "reason": one.words,
        }
        for one in month.closed[:_SHOWN]
    )
    return {
        "dagster/partition_row_count": month.movements,
        "movements": month.movements,
        "products": month.products,
        "cards": month.cards,
        "balanced": month.balanced,
        "facilities_closed": len(month.closed),
        "read_on": month.as_of.isoformat(),
        "closed": show_table(closed),
        "source": dg.MetadataValue.url(source_url),
        **_show_files({"movements": month.movements_file, "products": month.products_file}),
    }


def show_stock_month(planned: PlannedStock, result: StockMonth, bytes_moved: int) -> dict[str, Any]:
    """All that the UI shows of one month of an indicator."""
    tally, moved, push = result.tally, result.moved, result.moved.push
    spent = moved.seconds_pushing
    return {
        "table": show_table(result.table_rows),
        "outcomes": show_outcomes(tally),
        "rows_read": tally.read,
        **{str(outcome): tally.count(outcome) for outcome in Outcome},
        "dagster/partition_row_count": tally.read,
        "waiting_for_a_person": result.waiting,
        "mapping_problems": show_table(asdict(problem) for problem in result.problems),
        "without_target": show_table(result.unplaced_rows),
        "data_sets": show_data_sets(planned.moved, moved.values.by_data_set),
        "differences": show_table(asdict(item) for item in moved.values.differences),
        "quarantine": show_table(moved.quarantined_rows),
        "quarantine_reasons": show_table(
            {"code": code, "rows": rows, "reason": reason} for code, reason, rows in moved.reasons
        ),
        "destination_only": moved.values.destination_only,
        "read_on": result.staged.as_of.isoformat(),
        "rows_per_second": dg.MetadataValue.float(round(push.sent / spent, 1) if spent else 0.0),
        "seconds_reading": dg.MetadataValue.float(round(planned.moved.seconds_reading, 2)),
        "seconds_pushing": dg.MetadataValue.float(round(spent, 2)),
        "seconds_reconciling": dg.MetadataValue.float(round(moved.seconds_reconciling, 2)),
        "requests_with_rows": push.requests,
        "bytes_moved": bytes_moved,
        "source": dg.MetadataValue.url(planned.moved.source.url),
        "destination": dg.MetadataValue.url(planned.moved.destination.url),
        **_show_files(result.files),
    }


def show_stock_plan(planned: PlannedStock, month: str) -> dict[str, Any]:
    """What a push of this month would do, beside the rows that have no place in DHIS2."""
    rows = planned.moved.database.rows(
        "SELECT code, count(*), min(reason) FROM placed "
        f"WHERE month = '{month}' AND code <> '' GROUP BY 1 ORDER BY 2 DESC"
    )
    problems = ({"code": code, "rows": found, "reason": reason} for code, found, reason in rows)
    return show_plan(planned.moved, month) | {"mapping_problems": show_table(problems)}


def _show_files(files: Mapping[str, Path]) -> dict[str, dg.MetadataValue]:
    return {f"{name}_file": dg.MetadataValue.path(str(path)) for name, path in files.items()}
