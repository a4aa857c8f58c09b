"""What would be done with each object, known before anything is sent.

The destination was read like the source; what is right there already is not sent again, since a
server rewrites an unchanged object and bumps its stamps. The import strategy is applied here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from d2_assets.mapping.crosswalk import Match
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.compare import Comparison, Difference
from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import Adaptation, Body, Key, MetadataObject, Refusal

#: Default category objects are each server's own, with the same fixed UIDs everywhere [seen].
DEFAULTS = frozenset({"bjDvmb4bfuf", "HllvX50cXC0", "GLevLNI9wkl", "xYerKDKCefk"})

_CATEGORY_CLASSES = frozenset(
    {"categories", "categoryCombos", "categoryOptions", "categoryOptionCombos"}
)

#: What a server was seen to keep otherwise than we sent it: fingerprints by UID and member.
Echoes = Mapping[tuple[str, str, str], tuple[str, str]]


def is_default(item: MetadataObject) -> bool:
    """Whether it is one of the default category objects."""
    names = {item.body.get("name"), item.body.get("code")}
    return item.body["id"] in DEFAULTS or (item.plural in _CATEGORY_CLASSES and "default" in names)


class Action(StrEnum):
    """What is to be done with an object. Only the first three send it; ``generate`` leaves it to
    the server to make an option combo."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    GENERATE = "generate"
    UNCHANGED = "unchanged"
    HELD = "held_by_strategy"
    FILTERED = "filtered"
    QUARANTINED = "quarantined"


#: The actions that send something.
SENT = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


@dataclass(frozen=True, slots=True)
class Planned:
    """One object: ``key`` is the one at the source, ``destination_id`` its UID at the destination.

    ``body`` is what is sent, ``wanted`` what must stand there afterwards. ``needs`` are objects of
    the same push that must be there before. ``second_pass``: the members of an object of an
    earlier family that this one sets; such an object is not one of the family's own.
    ``is_companion``: it goes along with others, though nothing in it changes. ``is_late``: it is
    sent once the server has made what its set lacks.
    """

    key: Key
    destination_id: str
    name: str
    code: str
    action: Action
    body: Body = field(default_factory=dict)
    wanted: Body = field(default_factory=dict)
    needs: frozenset[Key] = frozenset()
    differences: tuple[Difference, ...] = ()
    reason_code: str = ""
    reason: str = ""
    second_pass: tuple[str, ...] = ()
    is_companion: bool = False
    is_late: bool = False

    @property
    def destination_key(self) -> Key:
        return self.key[0], self.destination_id

    @property
    def is_sent(self) -> bool:
        return self.action in SENT


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every object of a family, and what is told about it.

    ``destination_only``: objects that only the destination has and that stay there. ``deferred``:
    members that a later family sets. ``totals``: objects of each class at the destination.
    """

    planned: tuple[Planned, ...] = ()
    adaptations: tuple[Adaptation, ...] = ()
    crosswalk: tuple[Match, ...] = ()
    destination_only: int = 0
    deferred: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Planned]:
        return iter(self.planned)

    @property
    def own(self) -> Iterator[Planned]:
        """The family's own objects: what the tally counts."""
        return (one for one in self.planned if not one.second_pass)

    @property
    def totals_after(self) -> Mapping[str, int]:
        """Objects of each class at the destination after a push, about."""
        totals = Counter(self.totals)
        totals.update(one.key[0] for one in self.planned if one.action == Action.CREATE)
        return totals

    @property
    def second_pass(self) -> list[Planned]:
        """Objects of earlier families of which members are set now."""
        return [one for one in self.planned if one.second_pass]

    @property
    def sends(self) -> int:
        """Objects that a push would send."""
        return sum(one.is_sent for one in self.planned)

    def count(self, *actions: Action) -> int:
        return sum(one.action in actions for one in self.own)

    @property
    def actions(self) -> Mapping[str, Mapping[Action, int]]:
        """Objects by class and action."""
        counts: dict[str, Counter[Action]] = {}
        for one in self.own:
            counts.setdefault(one.key[0], Counter())[one.action] += 1
        return counts

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(found for one in self.planned for found in one.differences)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        return tuple(
            Refusal(*one.key, one.name, one.reason_code, one.reason)
            for one in self.planned
            if one.action == Action.QUARANTINED
        )

    @property
    def promised(self) -> Mapping[Key, str]:
        """Objects that would be created, by class and UID at the destination, with their names."""
        return {one.destination_key: one.name for one in self.own if one.action == Action.CREATE}


def plan_objects(
    objects: Sequence[MetadataObject],
    needs: Mapping[Key, frozenset[Key]],
    destination: Side,
    comparison: Comparison,
    choices: MetadataChoices,
    echoes: Echoes,
) -> list[Planned]:
    """What to do with checked objects: create, update, unchanged or held by the strategy."""
    return [
        _plan_one(
            item,
            destination.find(*item.destination_key),
            needs.get(item.destination_key, frozenset()),
            comparison,
            choices,
            echoes,
        )
        for item in objects
    ]


def _plan_one(
    item: MetadataObject,
    found: Body | None,
    needs: frozenset[Key],
    comparison: Comparison,
    choices: MetadataChoices,
    echoes: Echoes,
) -> Planned:
    if found is None:
        action = Action.CREATE if choices.creates else Action.HELD
        return make_planned(item, action, body=item.body, wanted=item.body, needs=needs)
    differences = comparison.find_differences(item.plural, item.id, item.body, found)
    told = tuple(settle_echo(one, item.body["id"], echoes) for one in differences)
    if all(one.state == "kept" for one in told):
        return make_planned(item, Action.UNCHANGED, differences=told)
    if not choices.updates:
        held = tuple(one.become("held") for one in told)
        return make_planned(item, Action.HELD, differences=held)
    return make_planned(
        item,
        Action.UPDATE,
        body=comparison.keep_unknown(item.plural, item.body, found),
        wanted=item.body,
        needs=needs,
        differences=told,
    )


def settle_echo(difference: Difference, uid: str, echoes: Echoes) -> Difference:
    """A difference that the server was seen to insist on, as long as both sides stay the same."""
    seen = echoes.get((difference.plural, uid, difference.property))
    is_kept = seen == (difference.wanted, difference.found)
    return difference.become("kept") if is_kept else difference


def make_planned(
    item: MetadataObject,
    action: Action,
    *,
    body: Body | None = None,
    wanted: Body | None = None,
    needs: frozenset[Key] = frozenset(),
    differences: tuple[Difference, ...] = (),
    reason_code: str = "",
    reason: str = "",
) -> Planned:
    """The plan for an object in the form it has now."""
    return Planned(
        key=item.key,
        destination_id=str(item.body["id"]),
        name=item.name,
        code=str(item.body.get("code") or ""),
        action=action,
        body=body or {},
        wanted=wanted or {},
        needs=needs,
        differences=differences,
        reason_code=reason_code,
        reason=reason,
    )


def plan_refusals(
    refusals: Iterable[Refusal], action: Action, ids: Mapping[Key, str]
) -> list[Planned]:
    """Objects that go no further (quarantined or filtered); ``ids`` are their UIDs at the
    destination where they have one there."""
    return [
        Planned(
            key=one.key,
            destination_id=ids.get(one.key, one.id),
            name=one.name,
            code="",
            action=action,
            reason_code=one.code,
            reason=one.reason,
        )
        for one in refusals
    ]
