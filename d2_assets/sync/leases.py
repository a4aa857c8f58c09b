"""Who may write: nobody else to the destination; of a two-way pair, nor to the source.

Each run takes the lease of its two ends before that of its destination, so that none waits for a
run that waits for it. A preview writes nothing: it has a lease on its own tables alone.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from d2_assets.ledger.lease import hold_lease
from d2_assets.staging.layout import Home


class Worker(Protocol):
    """What a lease needs to know of a piece of work."""

    @property
    def pair(self) -> str: ...

    @property
    def run(self) -> str: ...

    @property
    def home(self) -> Home: ...

    @property
    def is_preview(self) -> bool: ...

    @property
    def log(self) -> Callable[[str], None]: ...


@contextmanager
def hold_leases(
    work: Worker, source: str, destination: str, *, is_two_way: bool, preview: str
) -> Iterator[None]:
    """The leases of the servers with these URLs, until the block ends; ``preview`` names the
    tables of a preview."""
    leased = [destination]
    if is_two_way:
        leased.insert(0, " and ".join(sorted((source, destination))))
    if work.is_preview:
        leased = [f"{preview} {work.pair}"]
    with ExitStack() as held:
        for name in leased:
            held.enter_context(
                hold_lease(work.home.leases(), name, f"run {work.run}", log=work.log)
            )
        yield
