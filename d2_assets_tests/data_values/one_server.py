"""A server that answers one chunk as it is told, and keeps what it was sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from d2_assets.data_values.settle import ChunkResult, Row
from d2_assets.dhis2.reports import ImportReport
from d2_assets.errors import (
    D2AssetsError,
    OutcomeUnknownError,
    TransientError,
)
from d2_assets.ledger.outcomes import Outcome
from d2_assets_tests.data_values.builders import make_row
from d2_assets_tests.data_values.fake_dhis2 import refuse_rows

LOST = OutcomeUnknownError("The answer was lost.", status=504)
BROKEN = OutcomeUnknownError("The server failed.", status=500)
DOWN = TransientError("The server is not there.", status=503)


@dataclass
class Server:
    """Answers each request with ``answer(rows)``: a report, or an error to raise.

    Unless told otherwise by ``stores``, what a report does not refuse is stored.
    """

    answer: Callable[[Sequence[Row]], ImportReport | D2AssetsError]
    stores: Callable[[Sequence[Row]], Sequence[Row]] = lambda rows: rows
    unreadable: D2AssetsError | None = None
    stored_late: set[int] = field(default_factory=set)
    pauses: int = 0
    most_rows: int = 10_000
    is_stopped: bool = False
    stops_after: int | None = None
    held: set[int] = field(default_factory=set)
    sent: list[list[int]] = field(default_factory=list)

    def post(self, rows: Sequence[Row]) -> ImportReport:
        self.sent.append([row["row"] for row in rows])
        self.is_stopped = len(self.sent) == self.stops_after
        answer = self.answer(rows)
        if isinstance(answer, D2AssetsError):
            self.held |= {row["row"] for row in self.stores(rows)}
            raise answer
        refused = set() if answer.is_whole_refused else set(answer.refused_rows(len(rows)))
        if not answer.is_whole_refused:
            self.held |= {row["row"] for index, row in enumerate(rows) if index not in refused}
        return answer

    def pause(self) -> None:
        self.held |= self.stored_late
        self.pauses += 1

    def find_missing(self, rows: Sequence[Row]) -> Sequence[Row]:
        if self.unreadable:
            raise self.unreadable
        return [row for row in rows if row["row"] not in self.held]


def make_rows(count: int) -> list[Row]:
    return [make_row(row=number) for number in range(count)]


def outcomes_of(result: ChunkResult) -> dict[int, Outcome]:
    return {item.row: item.outcome for item in result.settled}


def store_nothing(rows: Sequence[Row]) -> Sequence[Row]:
    return []


def in_turn(*answers: ImportReport | D2AssetsError | None) -> Callable[..., Any]:
    """The answers one after another (None: success), then success."""
    left = list(answers)

    def answer(rows: Sequence[Row]) -> ImportReport | D2AssetsError:
        first = left.pop(0) if left else None
        return first if first is not None else refuse_rows([], len(rows))

    return answer


def refusing(guilty: set[int], refuse: Callable[[Sequence[Row]], Any]) -> Callable[..., Any]:
    """Refuse each request that holds a guilty row; take the others."""

    def answer(rows: Sequence[Row]) -> ImportReport | D2AssetsError:
        if any(row["row"] in guilty for row in rows):
            return refuse(rows)
        return refuse_rows([], len(rows))

    return answer
