"""Which members of an object differ from the destination's, by the destination's schema.

What the destination does not know is not compared; what only the destination knows stays as it is.
"""

import builtins
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Literal

import orjson

from d2_assets.dhis2.schemas import Property, Schema, Schemas
from d2_assets.metadata.canonical import Canon, form_json, write_form
from d2_assets.metadata.members import LEFT_ALONE, managed_members, unsent_members
from d2_assets.metadata.objects import Body, name_of

#: Most characters of a value on the screen.
_SHOWN = 300

#: drift: it differs and is (or would be) set; held: it differs and the strategy holds it back;
#: kept: the server keeps another value; lost: it lacks a reference that was sent.
State = Literal["drift", "held", "kept", "lost"]

WORDS: Mapping[State, str] = {
    "drift": "It differed at the destination.",
    "held": "The import strategy of the pair holds it back.",
    "kept": "It was sent, and the server keeps another value: a rule of its own.",
    "lost": "It was sent, and the server left the reference out.",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One member of one object that differs. ``source`` and ``destination`` are the values in
    text, ``id`` the UID at the source; ``wanted`` and ``found`` are fingerprints of them."""

    plural: str
    id: str
    name: str
    property: str
    source: str
    destination: str
    state: State = "drift"
    wanted: str = ""
    found: str = ""

    @builtins.property  # a member is called property, too
    def why(self) -> str:
        """What the state says to a person."""
        return WORDS[self.state]

    def become(self, state: State) -> "Difference":
        """The same difference in another state."""
        return replace(self, state=state)


class Comparison:
    """Compares bodies as the destination understands them; both servers' schemas are given."""

    def __init__(self, destination: Schemas, source: Schemas, *, merge: bool = False) -> None:
        self._destination = destination
        self._source = source
        self._merge = merge
        self._canon = Canon(destination, source)

    def find_differences(
        self, plural: str, uid: str, wanted: Body, found: Body
    ) -> tuple[Difference, ...]:
        """Members of ``wanted`` that ``found`` says otherwise; ``uid`` is the one at the source.

        Merging, a member that says nothing in ``wanted`` is not compared.
        """
        return tuple(
            Difference(
                plural,
                uid,
                name_of(wanted),
                name,
                *show_values(wanted.get(name), found.get(name)),
                wanted=_digest(left),
                found=_digest(right),
            )
            for name, left, right in self._compare(plural, wanted, found)
        )

    def is_equal(self, plural: str, wanted: Body, found: Body) -> bool:
        """Whether the destination's object says all that is wanted."""
        return next(self._compare(plural, wanted, found), None) is None

    def keep_unknown(self, plural: str, wanted: Body, found: Body) -> dict[str, Any]:
        """The body to send for an object that exists: an import erases what is not in it, so what
        the source cannot know (and, merging, what it leaves empty) is taken from ``found``."""
        unsent, theirs = unsent_members(plural), self._source.get(plural)
        ours, managed = self._properties(plural), managed_members(plural)
        body = dict(wanted)
        for name, value in found.items():
            if name in unsent or name not in ours:
                continue
            is_own = name in managed or not _asks(plural, theirs, name)
            is_unknown = name not in body and is_own
            if is_unknown or (self._merge and self._canon.form(body.get(name), ours[name]) is None):
                body[name] = value
        return body

    def _compare(
        self, plural: str, wanted: Body, found: Body
    ) -> Iterator[tuple[str, Hashable, Hashable]]:
        managed, theirs = managed_members(plural), self._source.get(plural)
        ours = self._properties(plural) or dict.fromkeys(wanted)  # a class without a schema
        for name, about in ours.items():
            if name in managed or name == "id" or (about and not about.is_writable):
                continue
            left, right = wanted.get(name), found.get(name)
            if left == right or (name not in wanted and not _asks(plural, theirs, name)):
                continue
            wanted_form = self._canon.form(left, about)
            if self._merge and wanted_form is None:
                continue
            if name == "sharing":
                left, right = _only_named(left, right)
                wanted_form = self._canon.form(left, about)
            found_form = self._canon.form(right, about)
            if wanted_form != found_form:
                yield name, wanted_form, found_form

    def _properties(self, plural: str) -> Mapping[str, Property]:
        schema = self._destination.get(plural)
        return schema.properties if schema else {}


def make_difference(
    plural: str, uid: str, name: str, member: str, wanted: Any, found: Any
) -> Difference:
    """The difference of two values that no schema describes."""
    digests = [_digest(form_json(value)) for value in (wanted, found)]
    return Difference(plural, uid, name, member, *show_values(wanted, found), "drift", *digests)


def _asks(plural: str, source: Schema | None, name: str) -> bool:
    """Whether a member that is missing at the source is to be empty at the destination: not one
    that the source cannot know, or that is the destination's own to say."""
    knows = source is not None and name in source.properties
    return knows and name not in LEFT_ALONE.get(plural, ())


def _only_named(left: Any, right: Any) -> tuple[Any, Any]:
    """Sharing without an owner says nothing of who owns it."""
    if isinstance(left, Mapping) and isinstance(right, Mapping) and not left.get("owner"):
        return left, {name: value for name, value in right.items() if name != "owner"}
    return left, right


def _digest(form: Hashable) -> str:
    return blake2b(write_form(form), digest_size=12).hexdigest()


def show_values(source: Any, destination: Any) -> tuple[str, str]:
    """Both values in text; of two lists only the items that the other does not have."""
    if isinstance(source, list) and isinstance(destination, list):
        theirs, ours = (_by_text(items) for items in (source, destination))
        left = [text for text in theirs if text not in ours]
        right = [text for text in ours if text not in theirs]
        if left or right:
            return _join(left), _join(right)
        return f"{len(source)} in another order", f"{len(destination)} in another order"
    return show_value(source), show_value(destination)


def show_value(value: Any) -> str:
    """A value for the screen: text as it is, a reference by its UID, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, Mapping) and set(value) == {"id"}:
        return str(value["id"])
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _by_text(items: Sequence[Any]) -> dict[str, None]:
    return dict.fromkeys(show_value(item) for item in items)


def _join(texts: Sequence[str]) -> str:
    return show_value(", ".join(texts))
