"""What every benchmark yields: one named number, and the goal that it is judged by.

A figure is one JSON line on stdout; what is said while the work goes on is on stderr.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import eq, ge, le, lt

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, "<": lt, "==": eq}


@dataclass(frozen=True, slots=True)
class Figure:
    """``goal`` is a comparison and a number (">= 0.9"), or None where nothing is asked for."""

    name: str
    value: float
    unit: str
    goal: str | None = None

    @property
    def ok(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        comparison, wanted = self.goal.split()
        return _COMPARISONS[comparison](self.value, float(wanted))

    def to_json(self, *, judged: bool = True) -> str:
        """One line; a figure that is not judged has ``ok`` null."""
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 3),
                "unit": self.unit,
                "goal": self.goal,
                "ok": self.ok if judged else None,
            }
        )


def tell(words: str) -> None:
    """What happens now, for whoever waits."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Stopwatch:
    """Seconds that a block took; they stand once it has ended."""

    seconds: float = 0.0


@contextmanager
def measure_time() -> Iterator[Stopwatch]:
    """Measure the block by the wall clock."""
    watch = Stopwatch()
    began = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - began
