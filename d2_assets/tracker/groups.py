"""Objects on their way in one request, and what is known of those that were not taken."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from d2_assets.errors import D2AssetsError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.chunks import Row
from d2_assets.tracker.objects import Kind


@dataclass(frozen=True, slots=True)
class Settled:
    """Why one object was not taken: its outcome, the server's code and words, times it was sent."""

    row: int
    outcome: Outcome
    code: str
    words: str
    attempts: int


@dataclass(slots=True)
class ChunkResult:
    """Objects that were not taken (all others were), requests sent, and what stopped the chunk.

    ``failures`` counts answers without a report since the last one with. ``refused``: the objects
    that cannot land, and why: what belongs to them is not sent.
    """

    settled: list[Settled] = field(default_factory=list)
    requests: int = 0
    failures: int = 0
    error: D2AssetsError | None = None
    refused: dict[tuple[Kind, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows in order: of a root the parents before their children."""

    rows: Sequence[Row]
    attempts: int = 0
    lost: int = 0

    def halve(self) -> list["Group"]:
        """Two groups of whole roots, or of one root's rows; the first one last: it is sent from
        there."""
        trees = [list(tree) for _, tree in groupby(self.rows, key=lambda row: row.root_id)]
        parts: Sequence[list[Row]] = trees if len(trees) > 1 else [[row] for row in self.rows]
        middle = (len(parts) + 1) // 2
        halves = (parts[middle:], parts[:middle])
        return [self.narrow([row for part in half for row in part]) for half in halves]

    def cut(self, size: int) -> list["Group"]:
        """Groups of at most ``size`` rows, nearly alike; roots are whole where they fit."""
        if len({row.root_id for row in self.rows}) > 1:
            return self.halve()
        parts = -(-len(self.rows) // size)
        bounds = [len(self.rows) * part // parts for part in range(parts + 1)]
        return [self.narrow(self.rows[start:end]) for start, end in pairwise(bounds)][::-1]

    def narrow(self, rows: Sequence[Row]) -> "Group":
        """These rows of it alone."""
        return Group(rows, self.attempts, self.lost)

    def quarantine(self, row: Row, code: str, words: str) -> Settled:
        """A row of it that was refused for good."""
        return Settled(row.row, Outcome.QUARANTINED, code, words, self.attempts)


def leave_row(row: Row, outcome: Outcome, words: str = "", attempts: int = 0) -> Settled:
    """A row that the push could not settle: not sent, or sent and not confirmed."""
    return Settled(row.row, outcome, "", words, attempts)
