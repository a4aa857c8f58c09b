"""Who may write: to a destination as many runs as its settings permit, by default one; of a two-way
pair, nobody else to either end.

Each run takes the lease of its two ends before that of its destination, so that none waits for a
run that waits for it. A preview writes nothing: it has a lease on its own tables alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from d2_assets.ledger.lease import hold_lease
from d2_assets.sync.errand import Errand


@contextmanager
def hold_leases(
    work: Errand,
    source: str,
    destination: str,
    *,
    is_two_way: bool,
    preview: str,
    writing_runs: int = 1,
) -> Iterator[None]:
    """The leases of the servers with these URLs, until the block ends; ``preview`` names the
    tables of a preview, ``writing_runs`` is how many may write to the destination at once."""
    alone = [" and ".join(sorted((source, destination)))] if is_two_way else []
    if writing_runs > 1:  # beside others, and never beside a run with the same tables and journal
        alone.append(f"pair {work.pair}")
    leases = [*((name, 1) for name in alone), (destination, writing_runs)]
    if work.is_preview:
        leases = [(f"{preview} {work.pair}", 1)]
    with ExitStack() as held:
        for name, places in leases:
            held.enter_context(
                hold_lease(work.home.leases(), name, f"run {work.run}", places=places, log=work.log)
            )
        yield
