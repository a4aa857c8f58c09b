"""What a person does with a work list: look at it, choose rows, discard them, take that back.

Choosing is checked before any server is asked. Rows are named by the ids of the list.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from d2_assets.data_values.chosen import Chosen
from d2_assets.data_values.content import KEY
from d2_assets.errors import ConfigurationError
from d2_assets.ledger.discards import Decision, append_decisions, read_discards
from d2_assets.ledger.quarantine import list_reasons, list_rows
from d2_assets.ledger.work_list import (
    attach_work_list,
    hold_work_list,
    put_back,
    select_rows,
    spreadsheet_of,
    take_off,
)
from d2_assets.staging.database import Database, open_database
from d2_assets.staging.layout import Home
from d2_assets.sync.work import ASSET


@dataclass(frozen=True, slots=True)
class WorkList:
    """A work list as it stands: the first rows, why they wait, and what was discarded."""

    rows: int
    shown: list[dict[str, str]]
    reasons: list[tuple[str, str, int]]
    discards: list[Decision]
    file: Path
    spreadsheet: Path


@dataclass(frozen=True, slots=True)
class Listed:
    """Chosen rows of one work list."""

    pair: str
    month: str
    rows: Sequence[Mapping[str, Any]]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(row["id"] for row in self.rows)

    def choose(self) -> Chosen:
        """The rows in the words of the domain, for a replay."""
        values = [row for row in self.rows if row["kind"] == "data_value"]
        registrations = [row for row in self.rows if row["kind"] == "completeness"]
        return Chosen(
            ids=self.ids,
            values=frozenset(tuple(row[name] for name in KEY) for row in values),
            registrations=frozenset(
                (row["data_set"], row["period"], row["org_unit"], row["attribute_option_combo"])
                for row in registrations
            ),
            data_sets=frozenset(row["data_set"] for row in self.rows),
        )


def read_work_list(home: Home, pair: str, month: str) -> WorkList:
    """The list of a pair and month, and the discards that hold for rows of that month."""
    path = home.quarantine(ASSET, pair, month)
    with _open(home, pair, month) as database:
        return WorkList(
            rows=attach_work_list(database, path),
            shown=list_rows(database),
            reasons=list_reasons(database),
            discards=[
                decision
                for decision in read_discards(home.discards(ASSET, pair))
                if decision.row["month"] == month
            ],
            file=path,
            spreadsheet=spreadsheet_of(path),
        )


def find_rows(
    home: Home,
    months: Mapping[str, Sequence[str]],
    ids: Iterable[str] = (),
    codes: Iterable[str] = (),
) -> list[Listed]:
    """The rows of these pairs' months with one of the ids or codes; all when neither is named.

    ConfigurationError for an id or a code that none of the lists has.
    """
    wanted, named = _clean(ids), frozenset(code.strip() for code in codes)

    def find(pair: str, month: str) -> list[dict[str, Any]]:
        with _open(home, pair, month) as database:
            attach_work_list(database, home.quarantine(ASSET, pair, month))
            return select_rows(database, "quarantine", wanted, named)

    found = _find_each(months, find)
    _refuse_unknown(wanted, found, "id", "rows", "the work list")
    _refuse_unknown(named, found, "code", "codes", "the work list")
    return found


def find_discarded(
    home: Home, months: Mapping[str, Sequence[str]], ids: Iterable[str]
) -> list[Listed]:
    """Rows of these pairs' months that were discarded. ConfigurationError for any other id."""
    wanted = _clean(ids)

    def find(pair: str, month: str) -> list[Mapping[str, Any]]:
        held = (decision.row for decision in read_discards(home.discards(ASSET, pair)))
        return [row for row in held if row["month"] == month and row["id"] in wanted]

    found = _find_each(months, find)
    _refuse_unknown(wanted, found, "id", "rows", "the discarded rows")
    return found


def discard_rows(
    home: Home, listed: Listed, *, name: str, reason: str, at: datetime, run: str
) -> int:
    """Log who discards the rows and why, and take them off the list; gives their number."""
    path = home.quarantine(ASSET, listed.pair, listed.month)
    with (
        _open(home, listed.pair, listed.month) as database,
        hold_work_list(database, path, f"run {run}"),
    ):
        # As they are now: a run may have met them since they were chosen.
        rows = select_rows(database, "listed", listed.ids)
        decisions = [
            Decision(at.isoformat(timespec="seconds"), "discard", name, reason, row) for row in rows
        ]
        append_decisions(home.discards(ASSET, listed.pair), decisions)
        take_off(database, path, listed.ids)
    return len(rows)


def restore_rows(
    home: Home, listed: Listed, *, name: str, reason: str, at: datetime, run: str
) -> int:
    """Take discards back: the rows are on the list again; gives their number."""
    path = home.quarantine(ASSET, listed.pair, listed.month)
    with (
        _open(home, listed.pair, listed.month) as database,
        hold_work_list(database, path, f"run {run}"),
    ):
        decisions = [
            Decision(at.isoformat(timespec="seconds"), "restore", name, reason, row)
            for row in listed.rows
        ]
        append_decisions(home.discards(ASSET, listed.pair), decisions)
        put_back(database, path, listed.rows)
    return len(listed.rows)


@contextmanager
def _open(home: Home, pair: str, month: str) -> Iterator[Database]:
    with open_database(home.staging("work_list", pair, [month])) as database:
        yield database


def _find_each(
    months: Mapping[str, Sequence[str]],
    find: Callable[[str, str], Sequence[Mapping[str, Any]]],
) -> list[Listed]:
    found = [Listed(pair, month, find(pair, month)) for pair in months for month in months[pair]]
    return [listed for listed in found if listed.rows]


def _clean(ids: Iterable[str]) -> frozenset[str]:
    """Ids as people copy them: a spreadsheet may show an apostrophe in front."""
    return frozenset(uid.strip().lstrip("'").lower() for uid in ids)


def _refuse_unknown(
    wanted: Collection[str], found: Sequence[Listed], column: str, key: str, where: str
) -> None:
    known = {row[column] for listed in found for row in listed.rows}
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise ConfigurationError(
            f"{where.capitalize()} of the chosen partitions has no {column} {', '.join(unknown)}.",
            remedy=f"Copy the {column} from the table of overview/quarantine, and launch the job "
            "for the month and pair in which the row waits.",
            key=key,
        )
