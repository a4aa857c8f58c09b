"""How far a run is, told at most every two seconds: people watch it in the UI."""

from collections.abc import Callable
from dataclasses import dataclass, replace

#: Seconds between two reports.
INTERVAL = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. ``rate`` is processed per second of this stage, ``elapsed`` seconds
    since the run began; ``total`` and ``processed`` count requests while reading, rows while
    sending.
    """

    stage: str = ""
    total: int = 0
    processed: int = 0
    success: int = 0
    warnings: int = 0
    errors: int = 0
    rate: float = 0.0
    elapsed: float = 0.0

    @property
    def percent(self) -> int:
        return 100 * self.processed // self.total if self.total else 0


class Meter:
    """Turns counts into progress and passes it on, not more often than every two seconds."""

    def __init__(self, clock: Callable[[], float], sink: Callable[[Progress], None]) -> None:
        self._clock = clock
        self._sink = sink
        self._began = clock()
        self._stage_began = self._began
        self._told = float("-inf")
        self._progress = Progress()

    @property
    def elapsed(self) -> float:
        return self._clock() - self._began

    def begin(self, stage: str, total: int) -> None:
        """A new stage of so many requests or rows."""
        self._stage_began = self._clock()
        self._progress = Progress(stage=stage, total=total)
        self._offer(self._stage_began)

    def add(self, processed: int, *, success: int = 0, warnings: int = 0, errors: int = 0) -> None:
        """Set the counts of this stage so far."""
        self._progress = replace(
            self._progress, processed=processed, success=success, warnings=warnings, errors=errors
        )
        self._offer(self._clock())

    def _offer(self, now: float) -> None:
        """Tell how it stands, unless that was done a moment ago."""
        if now - self._told < INTERVAL:
            return
        self._told = now
        spent = now - self._stage_began
        rate = self._progress.processed / spent if spent > 0 else 0.0
        self._sink(replace(self._progress, rate=rate, elapsed=now - self._began))
