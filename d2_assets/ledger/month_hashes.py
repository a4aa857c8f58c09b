"""What the source held of a month when it was last moved whole, as a sum of fingerprints.

A sweep compares it with what the source holds now: that finds what the servers' lastUpdated cannot
show. The sum does not depend on the order of items, and, unlike an exclusive or, two equal items do
not cancel each other. It is forgotten before anything of the month is sent and noted anew when all
of it was read back, so that a run that was cut short leaves none.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d2_assets.disk import flush_to_disk, name_disk_errors, write_json

#: What is summed, and how: a new number makes every month count as changed, once.
VERSION = 1

_HALF = 1 << 64


@dataclass(frozen=True, slots=True)
class ContentHash:
    """How many items, and the sums of both halves of their fingerprints (64 bits each)."""

    items: int = 0
    low: int = 0
    high: int = 0

    def __add__(self, other: "ContentHash") -> "ContentHash":
        return ContentHash(
            self.items + other.items,
            (self.low + other.low) % _HALF,
            (self.high + other.high) % _HALF,
        )


#: Of a month of which the source holds nothing.
NO_CONTENT = ContentHash()


@dataclass(frozen=True, slots=True)
class NotedMonth:
    """``scope`` stands for the pair's choices and its two servers: with others it is another month.
    ``at``: when the run that moved it noted it, in seconds since the epoch."""

    content: ContentHash
    scope: str
    run: str
    at: float


def hash_item(*parts: str | bytes) -> ContentHash:
    """The hash of one item; parts are told apart, so ("a", "bc") is not ("ab", "c")."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    both = digest.digest()
    return ContentHash(1, int.from_bytes(both[:8], "big"), int.from_bytes(both[8:], "big"))


def join_hashes(hashes: Iterable[ContentHash]) -> ContentHash:
    """The hash of all items together, in whatever order."""
    return sum(hashes, NO_CONTENT)


def read_noted(path: Path) -> NotedMonth | None:
    """What was noted. A file that is missing, damaged or of another version says nothing: the month
    is moved, and noted anew."""
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_month(path: Path, noted: NotedMonth) -> None:
    """Note a month that was moved whole, whole or not at all. ConfigurationError when the disk is
    full."""
    content = {
        "version": VERSION,
        "items": noted.content.items,
        "low": f"{noted.content.low:016x}",
        "high": f"{noted.content.high:016x}",
        "scope": noted.scope,
        "run": noted.run,
        "at": noted.at,
    }
    write_json(path, content)


def forget_month(path: Path) -> None:
    """What was noted does not hold any more; gone for good before this returns."""
    with name_disk_errors(path):
        if path.exists():
            path.unlink()
            flush_to_disk(path.parent)


def _parse(content: Any) -> NotedMonth | None:
    if content["version"] != VERSION:
        return None
    return NotedMonth(
        ContentHash(int(content["items"]), int(content["low"], 16), int(content["high"], 16)),
        str(content["scope"]),
        str(content["run"]),
        float(content["at"]),
    )
