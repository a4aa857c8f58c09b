"""What must hold between the way a pair runs by itself and what it moves.

Names of classes are not checked: the settings do not know the classes of each DHIS2.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from d2_assets.identifiers import is_uid
from d2_assets.settings.mistakes import KeyPath, Mistake
from d2_assets.settings.models import Pair
from d2_assets.settings.vocabulary import MOVES, Family, Moved

_FAMILIES: tuple[str, ...] = get_args(Family)
_DATA = frozenset({"data_values", "events", "tracker"})
#: The words for all data of a kind, which may be watched as families may.
_KINDS: Mapping[str, Moved] = {
    "data_values": "data_values",
    "events": "events",
    "tracked_entities": "tracker",
}


def find_automation_mistakes(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    """The mistakes of the pair at ``path`` that only show beside its other settings."""
    yield from _find_unfit_mode(path, pair)
    yield from _find_unfit_sweep(path, pair)
    if pair.execution_mode == "automatic":
        yield from _find_nothing_to_watch((*path, "changes"), pair)
    yield from _find_unfit_names((*path, "changes"), pair)
    yield from _find_slow_haste((*path, "changes"), pair)


def _find_unfit_mode(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    if pair.execution_mode == "automatic" and pair.moves("stock"):
        yield Mistake(
            (*path, "execution_mode"),
            "A pair of sync_type stock cannot run automatically: OpenLMIS does not tell what "
            "changed.",
            "Use execution_mode: scheduled.",
        )


def _find_unfit_sweep(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    if pair.sweep is not None and not _DATA & MOVES[pair.sync_type]:
        mend = "Use stock.late_months." if pair.moves("stock") else "Remove it."
        yield Mistake(
            (*path, "sweep"),
            f"A sweep compares months of data, and a pair of sync_type {pair.sync_type} has none "
            "that it could compare.",
            mend,
        )


def _find_nothing_to_watch(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    moved = MOVES[pair.sync_type]
    watched = (pair.changes.metadata and "metadata" in moved) or (
        pair.changes.data and bool(_DATA & moved)
    )
    if not watched and not pair.moves("stock"):
        yield Mistake(
            path,
            f"Nothing of the pair {pair.name} is watched: metadata and data are off, as far as "
            "its sync_type has them.",
            "Switch one of them on, or use execution_mode: manual or scheduled.",
        )


def _find_unfit_names(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    changes = pair.changes
    for key in ("high_frequency", "include", "exclude"):
        for word in getattr(changes, key):
            yield from _find_stranger((*path, key), word, pair)
    both = [word for word in changes.include if word in changes.exclude]
    if both:
        yield Mistake(
            (*path, "exclude"),
            f"{_join(both)} stands under include and under exclude.",
            "Remove it from one of them.",
        )
    unwatched = [word for word in changes.high_frequency if word in changes.exclude]
    if unwatched:
        yield Mistake(
            (*path, "high_frequency"),
            f"{_join(unwatched)} is not watched at all: exclude names it.",
            "Remove it from one of them.",
        )


def _find_stranger(path: KeyPath, word: str, pair: Pair) -> Iterator[Mistake]:
    """A family or a UID that is no part of the pair: nobody would notice that it is not watched."""
    if is_uid(word):
        yield from _find_strange_uid(path, word, pair)
    elif word in _FAMILIES:
        chosen = pair.filters.families
        if not pair.moves("metadata"):
            yield Mistake(
                path,
                f"{word} is a metadata family, and sync_type {pair.sync_type} moves none.",
                "Remove it, or choose another sync_type.",
            )
        elif chosen and word not in chosen:
            yield Mistake(
                path,
                f"The metadata family {word} is no part of the pair: it is not in "
                "filters.families.",
                f"Use {_join(chosen)}, or add {word} there.",
            )
    elif word in _KINDS:
        if not pair.moves(_KINDS[word]):
            yield Mistake(
                path,
                f"The pair moves no {word.replace('_', ' ')}: its sync_type is {pair.sync_type}.",
                "Remove it, or choose another sync_type.",
            )
    elif "_" in word:  # classes are written without
        yield Mistake(
            path,
            f"There is no metadata family {word}.",
            f"Use one of {_join((*_FAMILIES, *_KINDS))}, or a class like dataElements.",
        )


def _find_strange_uid(path: KeyPath, uid: str, pair: Pair) -> Iterator[Mistake]:
    moved = MOVES[pair.sync_type]
    known = [
        uids
        for uids, is_moved in (
            (pair.filters.data_sets, "data_values" in moved),
            (pair.filters.programs, bool(moved & {"events", "tracker"})),
        )
        if is_moved
    ]
    if not known:
        yield Mistake(
            path,
            f"{uid} names a data set or program, and sync_type {pair.sync_type} moves none.",
            "Remove it, or name a metadata family.",
        )
    elif all(known) and not any(uid in uids for uids in known):
        yield Mistake(
            path,
            f"{uid} is no part of the pair: neither filters.data_sets nor filters.programs names "
            "it.",
            "Add it there, or remove it here.",
        )


def _find_slow_haste(path: KeyPath, pair: Pair) -> Iterator[Mistake]:
    changes = pair.changes
    if changes.high_frequency and changes.high_frequency_seconds > changes.check_seconds:
        yield Mistake(
            (*path, "high_frequency_seconds"),
            f"{changes.high_frequency_seconds} is more than check_seconds, "
            f"{changes.check_seconds}.",
            "Make it smaller, or leave high_frequency out.",
        )


def _join(words: Iterable[str]) -> str:
    return ", ".join(words)
