"""UIDs inside texts: indicators' formulas, rules' conditions, dimensions, entry forms.

DHIS2 looks these UIDs up only when it uses the text, so an import takes whatever stands there. Only
what stands where the grammar has a UID is one: variables of rules, words and numbers stay as they
are, even if they look like one. The grammar is DHIS2's own documentation of expressions [read];
which members hold texts of which kind is the table below.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.metadata.expression_grammar import Kind, Place, find_places
from d2_assets.metadata.expression_members import EXPRESSIONS
from d2_assets.metadata.objects import Body, Key


def rewrite_expression(text: str, crosswalk: Crosswalk, kind: Kind = Kind.INDICATOR) -> str:
    """The text with the destination's UIDs; nothing else of it changes."""
    pieces: list[str] = []
    end = 0
    for place in find_places(text, kind):
        pieces += [text[end : place.start], _exchange(place, crosswalk)]
        end = place.start + len(place.uid)
    return "".join([*pieces, text[end:]]) if pieces else text


def iterate_expression_ids(text: str, kind: Kind = Kind.INDICATOR) -> Iterator[Key]:
    """Class and UID of everything that the text names for certain.

    A UID that may be of several classes is exchanged all the same, and not told here.
    """
    for place in find_places(text, kind):
        if len(place.plurals) == 1:
            yield place.plurals[0], place.uid


def rewrite_body(body: Body, plural: str, crosswalk: Crosswalk) -> Body:
    """The object with the destination's UIDs in all of its texts that hold some."""
    changed = dict(body)
    for steps, kind in _members_of(plural):
        name = steps[0]
        if name in changed:
            changed[name] = _rewrite(
                changed[name],
                steps[1:],
                lambda text, kind=kind: rewrite_expression(text, crosswalk, kind),
            )
    return changed


def iterate_body_ids(body: Body, plural: str) -> Iterator[tuple[str, Key]]:
    """First member, class and UID of everything that the object's texts name for certain."""
    for steps, kind in _members_of(plural):
        for text in _iterate_texts(body.get(steps[0]), steps[1:]):
            for key in iterate_expression_ids(text, kind):
                yield steps[0], key


def iterate_candidates(body: Body, plural: str) -> Iterator[Key]:
    """Class and UID of everything that the object's texts name, or may name: what a crosswalk must
    know of.

    What dimensions name stands beside them as references, which tell the class for certain.
    """
    for steps, kind in _members_of(plural):
        if kind is Kind.DIMENSION:
            continue
        for text in _iterate_texts(body.get(steps[0]), steps[1:]):
            for place in find_places(text, kind):
                for target in place.plurals:
                    yield target, place.uid


def find_candidates(body: Body, plural: str) -> frozenset[str]:
    """The classes of what the object's texts name, or may name."""
    return frozenset(target for target, _ in iterate_candidates(body, plural))


def _exchange(place: Place, crosswalk: Crosswalk) -> str:
    for plural in place.plurals:
        uid = crosswalk.get(plural, place.uid)
        if uid != place.uid:
            return uid
    return place.uid


def _members_of(plural: str) -> Sequence[tuple[tuple[str, ...], Kind]]:
    """Members of the class that hold texts, as steps: names, and "[]" for each item of a list."""
    return _STEPS.get(plural, ())


def _split(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


_STEPS: Mapping[str, Sequence[tuple[tuple[str, ...], Kind]]] = {
    plural: [(_split(path), kind) for path, kind in members.items()]
    for plural, members in EXPRESSIONS.items()
}


def _iterate_texts(value: Any, steps: Sequence[str]) -> Iterator[str]:
    if not steps:
        if isinstance(value, str):
            yield value
    elif steps[0] == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _iterate_texts(item, steps[1:])
    elif isinstance(value, Mapping):
        yield from _iterate_texts(value.get(steps[0]), steps[1:])


def _rewrite(value: Any, steps: Sequence[str], change: Callable[[str], str]) -> Any:
    if not steps:
        return change(value) if isinstance(value, str) else value
    if steps[0] == "[]":
        if not isinstance(value, list):
            return value
        return [_rewrite(item, steps[1:], change) for item in value]
    if not isinstance(value, Mapping) or steps[0] not in value:
        return value
    return {**value, steps[0]: _rewrite(value[steps[0]], steps[1:], change)}
