"""What happened to objects on their way, counted by cause: a line each, however many objects."""

from collections import Counter

from d2_assets.tracker.objects import Adaptation, Kind

LEFT_OUT = "left out"
UNKNOWN = "The importers of no version that is known take it."


class Adaptations:
    """A tally of adaptations; memory grows with the causes, not with the objects."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Kind, str, str, str]] = Counter()

    def tell(self, kind: Kind, member: str, what: str, why: str, objects: int = 1) -> None:
        """Count an object that was changed so."""
        self._counts[kind, member, what, why] += objects

    def rows(self) -> tuple[Adaptation, ...]:
        """By kind and member."""
        return tuple(
            Adaptation(*cause, objects=count) for cause, count in sorted(self._counts.items())
        )
