"""Source and destination are different servers: what both are asked is asked at the same time.

Each side has a thread of its own, while the caller's thread waits and tells how far they are: it
is the one that hears when a run is cancelled, and the only one that speaks to Dagster. When one
side fails, the other ends its request and stops.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any, TypeVar

from d2_assets.errors import CancelledError, D2AssetsError, join_errors

A = TypeVar("A")
B = TypeVar("B")

#: Seconds between two reports.
_INTERVAL = 0.5


def ask_both(
    source: Callable[[], A],
    destination: Callable[[], B],
    stop: Event,
    report: Callable[[], None] = lambda: None,
) -> tuple[A, B]:
    """What both answer. Raises the error of the side that fails, or of both as one.

    ``stop`` is set when a side fails or the run is cancelled: who asks many things, or waits
    before asking again, heeds it. ``report`` is called now and then, and at the end.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="side") as pool:
        theirs, ours = pool.submit(source), pool.submit(destination)
        asked: list[Future[Any]] = [theirs, ours]
        try:
            while not _has_ended(asked):
                report()
        except BaseException:
            stop.set()
            raise
        if any(one.done() and one.exception() for one in asked):
            stop.set()
            wait(asked)
            raise _choose_error([error for one in asked if (error := one.exception())])
    report()
    return theirs.result(), ours.result()


def heed(stop: Event) -> None:
    """CancelledError when nothing more is to be asked."""
    if stop.is_set():
        raise CancelledError


def _has_ended(asked: Sequence[Future[Any]]) -> bool:
    """Whether both are done, or one has failed; waits a moment for it."""
    done, still = wait(asked, _INTERVAL, FIRST_EXCEPTION)
    return not still or any(one.exception() for one in done)


def _choose_error(errors: Sequence[BaseException]) -> BaseException:
    """Why they failed. One that only stopped because the other failed is no reason."""
    reasons = [error for error in errors if not isinstance(error, CancelledError)]
    for error in reasons:
        if not isinstance(error, D2AssetsError):
            return error
    known = [error for error in reasons if isinstance(error, D2AssetsError)]
    return join_errors(known) if known else errors[0]
