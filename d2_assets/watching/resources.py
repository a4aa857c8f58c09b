"""What can be watched: a metadata class, a data set, the events of a program, tracked entities.

Each is one request when nothing changed. Stock is not among them: OpenLMIS has no time of change
that covers it. Nor are system settings and completeness registrations, which carry none: the sweep
finds what changed there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self, get_args

from d2_assets.metadata.families import FAMILIES, family_of
from d2_assets.settings import Pair
from d2_assets.watching.facts import SourceFacts

ResourceKind = Literal["class", "data_set", "events", "entities"]

_KINDS: tuple[ResourceKind, ...] = get_args(ResourceKind)
#: The word for all resources of a kind, in the settings, and what a pair has to move for it.
_WORDS = {"data_set": "data_values", "events": "events", "entities": "tracked_entities"}


@dataclass(frozen=True, slots=True)
class Resource:
    """``id``: the plural of a class; the UID of a data set or program; for entities that of a
    tracked entity type, or of a program where the pair names programs."""

    kind: ResourceKind
    id: str

    @property
    def key(self) -> str:
        """As text: "class:dataElements"."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, key: str) -> Self:
        """The resource of a key; ValueError for any other text."""
        word, _, uid = key.partition(":")
        for kind in _KINDS:
            if kind == word and uid:
                return cls(kind, uid)
        raise ValueError(f"{key!r} is not the key of a resource.")


def list_resources(pair: Pair, facts: SourceFacts) -> tuple[Resource, ...]:
    """What the pair moves and watches, metadata first."""
    changes = pair.changes
    return tuple(
        resource
        for resource in _list_moved(pair, facts)
        if (not changes.include or _is_named(resource, changes.include, facts))
        and not _is_named(resource, changes.exclude, facts)
    )


def is_frequent(resource: Resource, pair: Pair, facts: SourceFacts | None = None) -> bool:
    """Whether the pair's settings ask to look at it in high-frequency mode. With ``facts`` the UID
    of a program also names the tracked entities of its type."""
    return _is_named(resource, pair.changes.high_frequency, facts)


def find_assets(resource: Resource) -> str:
    """The asset that moves what changed there: "metadata/data_elements", "data/data_values"."""
    match resource.kind:
        case "data_set":
            return "data/data_values"
        case "events":
            return "data/events"
        case "entities":
            return "data/tracker"
    family = family_of(resource.id)
    if family is None:
        raise ValueError(f"No metadata family moves {resource.id}.")
    return f"metadata/{family.name}"


def _list_moved(pair: Pair, facts: SourceFacts) -> Iterator[Resource]:
    filters = pair.filters
    if pair.changes.metadata and pair.moves("metadata"):
        families = filters.families or tuple(FAMILIES)
        known = frozenset(facts.classes)
        for name in FAMILIES:
            if name in families:
                yield from (
                    Resource("class", one) for one in FAMILIES[name].classes if one in known
                )
    if not pair.changes.data:
        return
    if pair.moves("data_values"):
        yield from (
            Resource("data_set", uid) for uid in _choose(facts.data_sets, filters.data_sets)
        )
    if pair.moves("events"):
        yield from (Resource("events", uid) for uid in _choose(facts.programs, filters.programs))
    if pair.moves("tracker"):
        programs = _choose(tuple(facts.type_of_program), filters.programs)
        yield from (
            Resource("entities", uid) for uid in (programs if filters.programs else facts.types)
        )


def _choose(known: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(uid for uid in known if uid in wanted) if wanted else known


def _is_named(resource: Resource, words: tuple[str, ...], facts: SourceFacts | None) -> bool:
    if resource.kind == "class":
        family = family_of(resource.id)
        return resource.id in words or (family is not None and family.name in words)
    if resource.id in words or _WORDS[resource.kind] in words:
        return True
    types = facts.type_of_program if facts and resource.kind == "entities" else {}
    return any(types.get(word) == resource.id for word in words)
