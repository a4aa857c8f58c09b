"""How the rows that wait for a person look in the UI, whoever refreshes them there."""

from typing import Any

import dagster as dg

from d2_assets.defs.partitions import join_key
from d2_assets.defs.tables import show_table
from d2_assets.staging.layout import Home
from d2_assets.sync.work_list import read_work_list

WORK_LIST = dg.AssetKey(["overview", "quarantine"])


def refresh_work_list(home: Home, pair: str, month: str) -> dg.AssetMaterialization:
    """The work list as it stands now, for a run in which its own step does not come to it."""
    return dg.AssetMaterialization(
        WORK_LIST, partition=join_key(pair, month), metadata=show_work_list(home, pair, month)
    )


def show_work_list(home: Home, pair: str, month: str) -> dict[str, Any]:
    """All that the UI shows of a work list."""
    work_list = read_work_list(home, pair, month)
    return {
        "rows": work_list.rows,
        "dagster/partition_row_count": work_list.rows,
        "work_list": show_table(work_list.shown),
        "reasons": show_table(
            {"code": code, "rows": rows, "reason": reason}
            for code, reason, rows in work_list.reasons
        ),
        "discards": show_table(
            {
                "at": decision.at,
                "name": decision.name,
                "reason": decision.reason,
                "id": decision.row["id"],
                "value": decision.row["value"] or "",
                "code": decision.row["code"] or "",
            }
            for decision in work_list.discards
        ),
        "work_list_file": dg.MetadataValue.path(str(work_list.file)),
        "spreadsheet_file": dg.MetadataValue.path(str(work_list.spreadsheet)),
    }
