"""The stock of the months that a run needs, staged once for all its indicators.

A month that this run staged is used as it is: its indicators rest on one reading. Months that only
an average rests on may be an earlier run's, when it read them whole and by the same rules; else
they are derived now, and never taken as 0.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

from d2_assets.disk import write_json
from d2_assets.errors import ContractError
from d2_assets.ledger.lease import hold_lease
from d2_assets.openlmis.reference_data import Facility, Orderable, Program
from d2_assets.staging.tables import verify_table
from d2_assets.stock import stage
from d2_assets.stock.card_months import find_month
from d2_assets.stock.extract import Finding
from d2_assets.stock.reasons import ReasonRules
from d2_assets.stock.reporting import ReportingSource
from d2_assets.stock.stage import Closed, list_places, stage_month, stage_reported_month
from d2_assets.stock.to_data_values import Names
from d2_assets.sync.stock_work import (
    PREVIEW,
    STOCK,
    StagedMonth,
    StagedStock,
    StockReader,
    StockWork,
)


def stage_stock(work: StockWork, source: StockReader) -> StagedStock:
    """Stage what is not there yet; a month is whole or not there at all."""
    leased = f"{_name_folder(work)} months of {work.pair}"
    with hold_lease(work.home.leases(), leased, f"run {work.run}", log=work.log):
        names = _stage_names(work, source)
        wanted = sorted(
            {*work.targets, *(one for months in work.earlier.values() for one in months)}
        )
        return StagedStock(
            {month: _find(work, source, month) or _stage(work, source, names, month)
             for month in wanted},
            names,
            isinstance(source, ReportingSource) or source.sees_withdrawn,
        )  # fmt: skip


def _find(work: StockWork, source: StockReader, month: str) -> StagedMonth | None:
    """The month as it was staged, when it may be used for this work."""
    folder = _open_folder(work, month)
    try:
        found = _parse_note(json.loads((folder / "note.json").read_text(encoding="utf-8")), folder)
        for path in (found.products_file, found.movements_file):
            verify_table(path)
    except (OSError, ValueError, KeyError, TypeError, ContractError):
        return None
    if found.of != _identify(source, work.choices.rules):
        return None
    is_whole = found.as_of > find_month(month).end
    may_be_older = month not in work.targets and is_whole
    return found if found.run == work.run or may_be_older else None


def _stage(work: StockWork, source: StockReader, names: Names, month: str) -> StagedMonth:
    folder, whole = _open_folder(work, month), find_month(month)
    (folder / "note.json").unlink(missing_ok=True)  # while it is staged, nothing may be built on it
    places = list_places(names.facilities.values())
    work.meter.begin(f"reading stock of {month}", len(places))

    def report(done: int, products: int) -> None:
        work.meter.add(done, success=products)

    if isinstance(source, ReportingSource):
        staged = stage_reported_month(source, whole, folder, work.stop, report)
    else:
        staged = stage_month(
            source, places, whole, work.choices.rules, work.today, folder, work.stop, report
        )
    found = _describe(work, source, staged, folder)
    write_json(found.note_file, _format_note(found))
    return found


def _describe(
    work: StockWork, source: StockReader, staged: stage.StagedStock, folder: Path
) -> StagedMonth:
    return StagedMonth(
        month=staged.month,
        folder=folder,
        run=work.run,
        of=_identify(source, work.choices.rules),
        as_of=work.today,
        products=staged.products,
        cards=staged.cards,
        movements=staged.movements,
        balanced=staged.balanced,
        findings=tuple(staged.findings),
        closed=tuple(staged.closed),
    )


def _open_folder(work: StockWork, month: str) -> Path:
    return work.home.staging(_name_folder(work), work.pair, (month,))


def _name_folder(work: StockWork) -> str:
    """A preview has tables of its own: nobody waits for it, and it waits for nobody."""
    return PREVIEW if work.is_preview else STOCK


def _format_note(month: StagedMonth) -> dict[str, Any]:
    note = asdict(month)
    del note["folder"]
    return note | {"as_of": month.as_of.isoformat()}


def _parse_note(note: Mapping[str, Any], folder: Path) -> StagedMonth:
    return StagedMonth(
        **{
            **note,
            "folder": folder,
            "as_of": date.fromisoformat(note["as_of"]),
            "findings": tuple(Finding(**one) for one in note["findings"]),
            "closed": tuple(Closed(**one) for one in note["closed"]),
        }
    )


def _identify(source: StockReader, rules: ReasonRules) -> str:
    """Stands for what decides a month's numbers: another server or other rules give others."""
    told: list[Any] = [source.url]
    for member in fields(rules):
        value = getattr(rules, member.name)
        is_table = isinstance(value, Mapping)
        told.append(sorted((str(k), str(v)) for k, v in value.items()) if is_table else str(value))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _stage_names(work: StockWork, source: StockReader) -> Names:
    """Facilities, programs and orderables, asked for once a run. A reporting view has only ids."""
    if isinstance(source, ReportingSource):
        return Names({}, {}, {})
    path = _open_folder(work, work.targets[0]).parent / "names.json"
    of = [work.run, source.url]
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["of"] == of:
            return _parse_names(kept)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no names of this run: they are asked for
    content = {
        "of": of,
        "facilities": [asdict(one) for one in source.list_facilities()],
        "programs": [asdict(one) for one in source.list_programs()],
        "orderables": [asdict(one) for one in source.list_orderables(path.parent)],
    }
    write_json(path, content)
    return _parse_names(content)


def _parse_names(kept: Mapping[str, Any]) -> Names:
    facilities = (
        Facility(**{**one, "programs": tuple(one["programs"])}) for one in kept["facilities"]
    )
    programs = (Program(**one) for one in kept["programs"])
    orderables = (Orderable(**one) for one in kept["orderables"])
    return Names(
        {one.id: one for one in facilities},
        {one.id: one for one in programs},
        {one.id: one for one in orderables},
    )
