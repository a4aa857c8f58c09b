"""What a pair wants of sharing, owners, users and assignments, and who is known at both ends.

Also what a step that adapts objects gives back: nothing that was given to it is lost on the way.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from d2_assets.metadata.objects import Adaptation, Key, MetadataObject, Refusal

SharingPolicy = Literal["keep", "drop_unknown", "drop_all"]
UserPolicy = Literal["disabled", "leave_out"]
AssignmentPolicy = Literal["keep", "restrict"]


@dataclass(frozen=True, slots=True)
class MetadataPolicy:
    """How objects are cleaned before they travel.

    ``sharing``: keep = every user and group that the destination knows, or that arrives in the
    same step; drop_unknown = only those who are there now, so that rights of new ones follow in
    the next run; drop_all = new objects are shared with the public only, and the others stay as
    they are. ``users``: they arrive disabled, or not at all. ``assignments`` (lists of org units):
    as they are, or only org units of the pair.
    """

    sharing: SharingPolicy = "keep"
    users: UserPolicy = "disabled"
    assignments: AssignmentPolicy = "keep"


@dataclass(frozen=True, slots=True)
class Principals:
    """Users and groups of the source that the destination knows, with their UIDs there, and the
    account that we use at the destination (its UID there)."""

    users: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    account: str = ""


@dataclass(frozen=True, slots=True)
class Adapted:
    """What became of the objects given to a step: each is in ``objects``, in ``refusals``
    (quarantine) or in ``left_out`` (filtered, with the reason).

    ``adaptations`` tell the changes. ``yielding``: members that only a new object gets; where the
    destination has the object, its own value counts.
    """

    objects: tuple[MetadataObject, ...]
    adaptations: tuple[Adaptation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    left_out: tuple[Refusal, ...] = ()
    yielding: Mapping[Key, frozenset[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Step:
    """One object on its way through a step: its body so far, and what there is to tell.

    An object that is refused or left out still goes through the whole step; the first reason
    counts.
    """

    item: MetadataObject
    body: dict[str, Any]
    plural: str = ""
    adaptations: list[Adaptation] = field(default_factory=list)
    yielding: set[str] = field(default_factory=set)
    refusal: Refusal | None = None
    left_out: Refusal | None = None

    def adapt(self, name: str, what: str, why: str) -> None:
        """Tell one change."""
        one = Adaptation(self.item.plural, self.item.id, self.item.name, name, what, why)
        self.adaptations.append(one)

    def refuse(self, code: str, reason: str) -> None:
        """Set the object aside for a person."""
        self.refusal = self.refusal or self._set_aside(code, reason)

    def leave_out(self, code: str, reason: str) -> None:
        """Do not send the object: it is not to travel."""
        self.left_out = self.left_out or self._set_aside(code, reason)

    def _set_aside(self, code: str, reason: str) -> Refusal:
        return Refusal(self.item.plural, self.item.id, self.item.name, code, reason)


def begin_step(item: MetadataObject) -> Step:
    """The object with a body of its own; values in it are not to be changed in place."""
    return Step(item, dict(item.body), item.plural)


def end_steps(steps: Iterable[Step]) -> Adapted:
    """What became of all objects."""
    done = list(steps)
    kept = [one for one in done if one.refusal is None and one.left_out is None]
    return Adapted(
        objects=tuple(MetadataObject(one.plural, one.item.id, one.body) for one in kept),
        adaptations=tuple(_list_adaptations(kept)),
        refusals=tuple(one.refusal for one in done if one.refusal and not one.left_out),
        left_out=tuple(one.left_out for one in done if one.left_out),
        yielding={
            (one.plural, one.item.id): frozenset(one.yielding) for one in kept if one.yielding
        },
    )


def _list_adaptations(steps: Iterable[Step]) -> Iterator[Adaptation]:
    for step in steps:
        yield from step.adaptations


def join_yielding(*parts: Adapted) -> Mapping[Key, frozenset[str]]:
    """The yielding members of several steps, by object."""
    joined: dict[Key, frozenset[str]] = {}
    for part in parts:
        for key, names in part.yielding.items():
            joined[key] = joined.get(key, frozenset()) | names
    return joined
