"""What is sent in one request: objects that need each other together, what is needed first.

A server resolves references within one request, whatever the order in it; between requests what
is referred to must have landed. Rules and their actions name each other, and a category combo
stands or falls with its option combos: such circles are never cut.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from d2_assets.metadata.objects import Body, Key
from d2_assets.metadata.order import find_components


@dataclass(frozen=True, slots=True)
class Sending:
    """One object on its way: ``key`` is the one at the destination, ``needs`` are the objects of
    the same push that it refers to."""

    key: Key
    body: Body
    needs: frozenset[Key] = frozenset()


#: Objects that are sent together or not at all.
Circle = Sequence[Sending]


def order_circles(sendings: Iterable[Sending]) -> list[Circle]:
    """The objects in circles, what is needed before what needs it."""
    found = {sending.key: sending for sending in sendings}
    together = _join_option_combos(found.values())
    graph = {
        key: {need for need in sending.needs if need in found} | together.get(key, set())
        for key, sending in found.items()
    }
    return [[found[key] for key in component] for component in find_components(graph)]


def iterate_chunks(
    circles: Sequence[Circle], most: Callable[[], int]
) -> Iterator[Sequence[Circle]]:
    """Circles in their order, as many as make up ``most()`` objects; a larger circle goes alone."""
    chunk: list[Circle] = []
    size = 0
    for circle in circles:
        if chunk and size + len(circle) > most():
            yield chunk
            chunk, size = [], 0
        chunk.append(circle)
        size += len(circle)
    if chunk:
        yield chunk


def group_classes(sendings: Iterable[Sending]) -> Mapping[str, list[Body]]:
    """The bodies by class, as a request has them."""
    classes: dict[str, list[Body]] = {}
    for sending in sendings:
        classes.setdefault(sending.key[0], []).append(sending.body)
    return classes


def _join_option_combos(sendings: Iterable[Sending]) -> Mapping[Key, set[Key]]:
    """Each combo needs its option combos as they need it: a server checks the set as a whole."""
    together: dict[Key, set[Key]] = {}
    for sending in sendings:
        plural, _ = sending.key
        if plural == "categoryOptionCombos":
            for need in sending.needs:
                if need[0] == "categoryCombos":
                    together.setdefault(need, set()).add(sending.key)
    return together
