"""One metadata family of one pair: read both sides and plan; then push, verify, keep the ledger.

The lease of the destination is held from its first reading to its last: a plan made on older
readings would lie.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import D2AssetsError
from d2_assets.metadata.verify import Ended, Found, end_objects
from d2_assets.sync.family import (
    FamilyResult,
    MetadataWork,
    NotCarried,
    PlannedFamily,
    Promised,
    join_promises,
)
from d2_assets.sync.family_ledger import conclude
from d2_assets.sync.family_moving import find_family, push_again, push_family
from d2_assets.sync.family_reading import FamilyReader
from d2_assets.sync.leases import hold_leases
from d2_assets.sync.maintenance import Pushed
from d2_assets.sync.own_writes import note_objects
from d2_assets.sync.preflight import check_servers

__all__ = [
    "FamilyResult",
    "MetadataWork",
    "NotCarried",
    "PlannedFamily",
    "Promised",
    "join_promises",
    "move_family",
    "plan_family",
]

_NOTHING = Promised()


@contextmanager
def plan_family(
    work: MetadataWork,
    source: DHIS2Client,
    destination: DHIS2Client,
    promised: Promised = _NOTHING,
) -> Iterator[PlannedFamily]:
    """Read both sides and plan; nothing is sent. The destination's lease is held until the
    context ends; a preview has tables and a lease of its own.

    ``promised``: what the preview of earlier families has planned.
    """
    for warning in check_servers(source, destination, work.stop, moves="metadata").warnings:
        work.warn(warning)
    with hold_leases(
        work,
        source.url,
        destination.url,
        is_two_way=False,
        preview="preview",
        writing_runs=work.choices.writing_runs,
    ):
        yield FamilyReader(work, source, destination, promised).plan()


def move_family(planned: PlannedFamily) -> FamilyResult:
    """Push what is planned, read it back, and write the ledger.

    Refused objects are in the result; what stopped the push is its ``error``.
    """
    work = planned.work
    began = work.clock()
    pushed = push_family(planned)
    sent = work.clock()
    ended, found, unread = _verify(planned, pushed)
    if push_again(planned, pushed, ended):
        ended, found, unread = _verify(planned, pushed)
    note_objects(planned, ended, found.bodies)
    error = pushed.settlement.error or unread
    return conclude(planned, pushed, ended, error, sent - began, work.clock() - sent)


def _verify(
    planned: PlannedFamily, pushed: Pushed
) -> tuple[Sequence[Ended], Found, D2AssetsError | None]:
    """What became of each object by what stands there now, that, and why it could not be read."""
    found, unread = find_family(planned, pushed)
    schemas = planned.destination.schemas
    plan = planned.plan.planned
    ended = end_objects(plan, pushed.settlement, found, planned.comparison, schemas)
    return ended, found, unread
