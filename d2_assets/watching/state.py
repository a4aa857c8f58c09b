"""What a pair that follows its source remembers from tick to tick, as JSON: the sensor's cursor.

What cannot be read is an error that says what to do. To begin anew in silence would pass over all
that changed since.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from d2_assets.errors import ContractError
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.marks import Mark

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Watched:
    """A resource: ``mark`` is how far all that changed there was moved, ``due_at`` when it is
    looked at next (our clock, seconds since the epoch)."""

    mark: Mark
    due_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What is still to be moved for one cause: a resource, or an upstream run.

    ``since``: when it was first seen. ``mark``: where the resource's mark goes when all months are
    moved, and where the next look starts until then; None for an upstream run.
    """

    asset: str
    months: frozenset[str]
    since: float
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that was asked for at ``at``: the rectangle of its assets and months, and the causes
    that it serves. ``stopped``: it is known to have failed or to have been cancelled."""

    key: str
    assets: tuple[str, ...]
    months: tuple[str, ...]
    causes: tuple[str, ...]
    at: float
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """``facts_of``: what the pair moved when they were read. ``changes`` by cause: the key of a
    resource, or ``run:<id>/<asset>``.

    Our clock: ``facts_due``, ``quiet_until`` (nothing is asked of the source before), ``starts``
    (the runs of the last hour), ``stopped_at`` (when a run was last seen to have stopped).
    Dagster's clock: ``failures`` (run and its end, in a row), ``well_at`` (the end of the last run
    that ended well), ``read_until`` and ``handled`` (runs whose end was taken note of).
    ``held``: what upstream runs that stopped may have written, by pair and asset. ``attempt``
    counts the runs that were asked for.
    """

    facts: SourceFacts | None = None
    facts_of: str = ""
    facts_due: float = 0.0
    quiet_until: float = 0.0
    watched: Mapping[str, Watched] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    launches: tuple[Launch, ...] = ()
    attempt: int = 0
    starts: tuple[float, ...] = ()
    stopped_at: float | None = None
    failures: Mapping[str, float] = field(default_factory=dict)
    well_at: float = 0.0
    is_off_told: bool = False
    read_until: float | None = None
    handled: Mapping[str, float] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def write(self) -> str:
        """As text, for a cursor. It is kept with every tick, so names and numbers are short."""
        content = {
            "version": _VERSION,
            "facts": self.facts and self.facts.to_json(),
            "facts_of": self.facts_of,
            "facts_due": self.facts_due,
            "quiet_until": self.quiet_until,
            "watched": {
                key: [one.mark.stamp, one.mark.seen, one.due_at]
                for key, one in self.watched.items()
            },
            "changes": {cause: _write_change(one) for cause, one in self.changes.items()},
            "launches": [
                [one.key, one.assets, one.months, one.causes, one.at, one.stopped]
                for one in self.launches
            ],
            "attempt": self.attempt,
            "starts": self.starts,
            "stopped_at": self.stopped_at,
            "failures": dict(self.failures),
            "well_at": self.well_at,
            "is_off_told": self.is_off_told,
            "read_until": self.read_until,
            "handled": dict(self.handled),
            "held": {pair: dict(assets) for pair, assets in self.held.items()},
        }
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def read(cls, text: str | None) -> Self:
        """The state of a cursor; a new one where there is none. ContractError where it is not what
        ``write`` gave."""
        if not text:
            return cls()
        try:
            content = json.loads(text)
            if content["version"] != _VERSION:
                raise ValueError(f"version {content['version']}")
            return cls(**_read(content))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise ContractError(
                f"The cursor of this sensor cannot be read ({type(error).__name__}: {error}). "
                "Nothing was looked at and nothing was started.",
                remedy="Put the cursor of an earlier tick back (the page of the sensor shows it), "
                "or empty it: the sensor then begins anew, changes.look_back_hours before now. "
                "Launch the pair for the months since the last tick that ended well.",
            ) from error


def _write_change(change: Change) -> list[Any]:
    mark = change.mark and [change.mark.stamp, change.mark.seen]
    return [change.asset, sorted(change.months), change.since, mark]


def _read(content: dict[str, Any]) -> dict[str, Any]:
    del content["version"]
    facts = content["facts"]
    return content | {
        "facts": facts and SourceFacts.from_json(facts),
        "watched": {
            key: Watched(Mark(stamp, seen), due)
            for key, (stamp, seen, due) in content["watched"].items()
        },
        "changes": {
            cause: Change(asset, frozenset(months), since, mark and Mark(*mark))
            for cause, (asset, months, since, mark) in content["changes"].items()
        },
        "launches": tuple(
            Launch(key, tuple(assets), tuple(months), tuple(causes), at, stopped)
            for key, assets, months, causes, at, stopped in content["launches"]
        ),
        "starts": tuple(content["starts"]),
        "held": {
            pair: {asset: tuple(months) for asset, months in assets.items()}
            for pair, assets in content["held"].items()
        },
    }
