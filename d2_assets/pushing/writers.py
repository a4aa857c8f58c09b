"""Several writers are kept busy with chunks until these end, one fails, or the run is stopped.

A push that is cancelled lets the requests under way end, notes how, and sends nothing more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain
from typing import Protocol, TypeVar

from d2_assets.errors import CancelledError
from d2_assets.ledger.journal import Ended
from d2_assets.pushing.line import Line, PushResult

_Chunk = TypeVar("_Chunk")
_Part = TypeVar("_Part")


class Ending(Protocol):
    """How one row ended that was not simply taken; ``row`` is its number."""

    @property
    def row(self) -> int: ...
    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def attempts(self) -> int: ...


def send_all(
    line: Line,
    chunks: Iterator[_Chunk],
    result: PushResult,
    send: Callable[[int, _Chunk], _Part],
    add: Callable[[_Chunk, _Part], None],
    report: Callable[[PushResult], None],
    *,
    phase_of: Callable[[_Chunk], int] = lambda chunk: 0,
) -> Iterator[_Chunk]:
    """Send chunks until they, the first error or a cancellation end it; gives those not begun.

    ``send`` works in a thread of its own, with the chunk's number; ``add`` takes what came of it,
    errors too (into ``result``), in this one. A chunk of another phase waits until all before it
    have ended.
    """
    running: dict[Future[_Part], _Chunk] = {}
    waiting: list[_Chunk] = []
    phase = 0
    with ThreadPoolExecutor(line.writers, thread_name_prefix="writer") as pool:
        try:
            while True:
                # One more than there are writers, so that none waits for its next chunk.
                while result.error is None and len(running) <= line.writers:
                    chunk = waiting.pop() if waiting else next(chunks, None)
                    if chunk is None:
                        break
                    if running and phase_of(chunk) != phase:
                        waiting.append(chunk)
                        break
                    phase = phase_of(chunk)
                    running[pool.submit(send, result.chunks, chunk)] = chunk
                    result.chunks += 1
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    add(running.pop(future), future.result())
                report(result)
        except Exception:
            line.stop.set()
            raise
        except BaseException as interruption:  # noqa: BLE001 - raised again by defs.runs
            line.stop.set()
            result.error = CancelledError(interruption)
            for future in wait(running).done:
                add(running[future], future.result())
    return chain(waiting, chunks)


def name_ends(places: dict[int, int], settled: Iterable[Ending]) -> list[Ended]:
    """Rows that ended alike in one entry: a refusal may have a thousand rows and one reason.

    ``places``: where in its chunk each row, by its number, stands.
    """
    alike: dict[tuple[str, str, str, int], list[int]] = {}
    for item in settled:
        way = (str(item.outcome), item.code, item.words, item.attempts)
        alike.setdefault(way, []).append(places[item.row])
    return [Ended(*way, rows=found) for way, found in alike.items()]


def find_places(rows: Sequence[int]) -> dict[int, int]:
    """Where in its chunk each row, by its number, stands."""
    return {row: place for place, row in enumerate(rows)}
