"""When the hash of a month is noted, and when it is forgotten.

It is forgotten before anything of the month is sent, also by runs that move a part of it: what the
destination holds is then no longer what the source held. Only a run that moved the whole month and
read everything back notes it anew.
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from d2_assets.ledger.month_hashes import (
    VERSION,
    ContentHash,
    NotedMonth,
    forget_month,
    note_month,
)
from d2_assets.sync.tracker_work import TrackerWork
from d2_assets.sync.work import Work

#: Choices that say how data travel, not which: with others a month is the same month.
_MANNER = frozenset(
    {"page_size", "chunk_size", "writers", "writing_runs", "brake_percent", "run_async"}
)


def forget_hash(work: Work | TrackerWork, month: str) -> None:
    """Before anything of a month is sent: what was noted of it holds no more."""
    forget_month(work.home.hashes(work.asset, work.pair, month))


def note_hash(
    work: Work | TrackerWork, month: str, content: ContentHash, *, ends: tuple[str, str], at: float
) -> None:
    """After a month was moved and read back; a run apart from the whole months notes nothing.

    ``ends``: the URLs of source and destination; ``at``: seconds since the epoch.
    """
    if work.home.apart:
        return
    noted = NotedMonth(content, fingerprint_choices(work.choices, *ends), work.run, at)
    note_month(work.home.hashes(work.asset, work.pair, month), noted)


def fingerprint_choices(choices: Any, *ends: str) -> str:
    """What stands for a pair's choices and the URLs of its two servers."""
    wanted = {name: value for name, value in asdict(choices).items() if name not in _MANNER}
    text = json.dumps([VERSION, wanted, *ends], sort_keys=True, default=_write)
    return hashlib.sha256(text.encode()).hexdigest()


def _write(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
