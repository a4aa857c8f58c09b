"""Where two bodies of one object differ, member by member, and what merging makes of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from d2_assets.tracker.members import PART_KEYS, is_soft
from d2_assets.tracker.objects import Body, Kind
from d2_assets.tracker.shape import digest, encode_body, list_notes

_VALUES = ("attributes", "dataValues")


@dataclass(frozen=True, slots=True)
class MemberDifference:
    """One member ("status", "dataValues.fbfJHSPpUQD"), as wanted and as found; empty: not there.

    ``is_soft``: a server may keep it in its own way.
    """

    member: str
    wanted: str
    found: str
    is_soft: bool


def compare_bodies(
    kind: Kind, wanted: Body, found: Body, *, merge: bool = False
) -> list[MemberDifference]:
    """What differs. Notes that only the destination has are no difference: servers only add
    them; ``merge``: neither is what only it has otherwise."""
    if merge:
        wanted = merge_bodies(wanted, found)
    return list(_compare(kind, wanted, found))


def merge_bodies(wanted: Body, old: Body) -> dict[str, Any]:
    """What is wanted, over what stands there: nothing is taken away."""
    merged = {**old, **wanted}
    for name in _VALUES:
        values = {**_index(old, name), **_index(wanted, name)}
        if values:
            merged[name] = [values[uid] for uid in sorted(values)]
    return merged


def is_same(wanted: Body, found: Body, *, merge: bool = False) -> bool:
    """Whether nothing differs, notes included."""
    if not set(list_notes(wanted)) <= set(list_notes(found)):
        return False
    return digest(merge_bodies(wanted, found) if merge else wanted) == digest(found)


def _compare(kind: Kind, wanted: Body, found: Body) -> Iterator[MemberDifference]:
    for name in sorted(wanted.keys() | found.keys()):
        if name in PART_KEYS:
            yield from _compare_parts(name, wanted, found)
        elif digest({name: wanted.get(name)}) != digest({name: found.get(name)}):
            yield MemberDifference(
                name, _show(wanted.get(name)), _show(found.get(name)), is_soft(kind, name)
            )


def _compare_parts(name: str, wanted: Body, found: Body) -> Iterator[MemberDifference]:
    theirs, ours = _index(wanted, name), _index(found, name)
    keys = theirs.keys() if name == "notes" else theirs.keys() | ours.keys()
    for uid in sorted(keys):
        left, right = theirs.get(uid, {}), ours.get(uid, {})
        if left.get("value") != right.get("value"):
            yield MemberDifference(
                f"{name}.{uid}", _show(left.get("value")), _show(right.get("value")), is_soft=False
            )
        elif left != right:
            yield MemberDifference(f"{name}.{uid}", _show(left), _show(right), is_soft=True)


def _index(body: Body, name: str) -> Mapping[str, Body]:
    return {part[PART_KEYS[name]]: part for part in body.get(name) or ()}


def _show(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode_body(value).decode()
