"""Results of events and tracker for tests of what is shown: all is right unless a test says so."""

from collections.abc import Mapping
from typing import Any

from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.reconcile import Reconciliation

ENTITIES: Mapping[Kind, Tally] = {
    Kind.TRACKED_ENTITY: Tally(2, {Outcome.UNCHANGED: 2}),
    Kind.ENROLLMENT: Tally(3, {Outcome.CREATED: 3}),
}


def make_objects(**more: Any) -> Reconciliation:
    """Two tracked entities with three enrollments, and whatever else a test wants."""
    everything: dict[str, Any] = {
        "by_kind": ENTITIES,
        "broken": 0,
        "explained": 0,
        "destination_only": 0,
    }
    return Reconciliation(**{**everything, **more})
