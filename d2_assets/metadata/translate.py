"""Objects in the words of the destination's version, by both servers' own schemas.

What the destination does not know is left out and told, what it requires is derived and told. A
value that it would refuse or cut (an unknown constant, a text that is too long) sets the object
aside with the member's name: nothing lands damaged. No version renamed a constant or a member of
a class that is carried [seen 2.38-2.43]; renamed classes keep their plural names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from d2_assets.dhis2.dialects import Dialect
from d2_assets.dhis2.schemas import Property, Schema, Schemas
from d2_assets.metadata.event_visualizations import merge_views
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.policy import Adapted, Step, begin_step, end_steps
from d2_assets.metadata.relative_periods import (
    FLAGS_MEMBER,
    LIST_MEMBER,
    flag_periods,
    list_periods,
)
from d2_assets.metadata.requirements import DEFAULT_COMBO, fill_required, settle_short_names

#: Most characters of a value that is told.
_SHOWN = 80
_MOST_NAMED = 5

#: Members that only an older version owns, and that are the other side of what another class owns.
_INVERSE = frozenset({("indicatorGroups", "indicatorGroupSet")})


@dataclass(frozen=True, slots=True)
class Bridge:
    """Both servers: what they know, by their own schemas, and the facts of their versions."""

    source: Schemas
    destination: Schemas
    source_dialect: Dialect
    destination_dialect: Dialect


def translate_objects(objects: Iterable[MetadataObject], bridge: Bridge) -> Adapted:
    """Translate cleaned objects for the destination; an object may come out under another class."""
    steps = [begin_step(item) for item in objects]
    merge_views(steps, bridge.destination)
    translation = _Translation(bridge)
    for step in steps:
        translation.translate(step)
    settle_short_names(steps, bridge.destination)
    return end_steps(steps)


def says_something(value: Any) -> bool:
    """Whether a value differs from what a server would put in its place: nothing, no, zero, the
    default category combo."""
    if isinstance(value, Mapping):
        return value != DEFAULT_COMBO and any(says_something(part) for part in value.values())
    if isinstance(value, list):
        return any(says_something(part) for part in value)
    return bool(value)


class _Translation:
    def __init__(self, bridge: Bridge) -> None:
        self._source = bridge.source
        self._destination = bridge.destination
        self._version = f"DHIS2 {bridge.destination_dialect.version}"

    def translate(self, step: Step) -> None:
        destination = self._destination.get(step.plural)
        if destination is None:
            step.refuse("class_unknown", f"{self._version} does not know the class {step.plural}.")
            return
        source = self._source.get(step.item.plural)
        step.body = self._translate_members(step, step.body, source, destination, "")

    def _translate_members(
        self,
        step: Step,
        given: Mapping[str, Any],
        source: Schema | None,
        destination: Schema,
        path: str,
    ) -> dict[str, Any]:
        """The members of an object, or of a part of it at ``path`` (with a dot at its end)."""
        body: dict[str, Any] = {}
        for name, value in self._convert_periods(step, given, destination, path).items():
            about = destination.properties.get(name)
            theirs = source.properties.get(name) if source else None
            if about is not None:
                body[name] = self._translate_value(step, value, theirs, about, f"{path}{name}")
            elif theirs is None and path:
                body[name] = value  # parts such as styles are not described by any schema
            elif (theirs or not source) and (destination.plural, name) not in _INVERSE:
                self._tell_left_out(step, f"{path}{name}", value)
        missing = fill_required(step, body, source, destination, path)
        if missing:
            self._refuse_missing(step, missing)
        return body

    def _convert_periods(
        self, step: Step, body: Mapping[str, Any], destination: Schema, path: str
    ) -> Mapping[str, Any]:
        known = destination.properties
        if LIST_MEMBER in known and FLAGS_MEMBER in body:
            return list_periods(body)
        if FLAGS_MEMBER in known and LIST_MEMBER not in known and LIST_MEMBER in body:
            flagged, unknown = flag_periods(body)
            if unknown:
                self._tell_left_out(step, f"{path}{LIST_MEMBER}", ", ".join(unknown))
            return flagged
        return body

    def _translate_value(
        self, step: Step, value: Any, theirs: Property | None, about: Property, path: str
    ) -> Any:
        if about.name == "attributeValues":
            return list_attribute_values(value)
        if isinstance(value, list):
            return [
                self._translate_item(step, item, theirs, about, f"{path}[{index}]")
                for index, item in enumerate(value)
            ]
        return self._translate_item(step, value, theirs, about, path)

    def _translate_item(
        self, step: Step, value: Any, theirs: Property | None, about: Property, path: str
    ) -> Any:
        if isinstance(value, Mapping):
            return self._translate_part(step, value, theirs, about, path)
        if isinstance(value, str):
            self._check_text(step, value, theirs, about, path)
        elif isinstance(value, Decimal) and about.kind == "INTEGER":
            if value != value.to_integral_value():
                step.refuse(
                    "not_whole", f"{path} is {value}, and {self._version} takes only whole numbers."
                )
            return int(value)
        return value

    def _translate_part(
        self,
        step: Step,
        part: Mapping[str, Any],
        theirs: Property | None,
        about: Property,
        path: str,
    ) -> Mapping[str, Any]:
        # what is not embedded is a reference, or of another class of that name: since 2.42 both
        # the event filters and a part of the tracked entity filters are called EventFilter [seen]
        destination = self._destination.find_klass(about.target) if about.is_embedded else None
        if destination is None:
            return part
        source = self._source.find_klass((theirs or about).target)
        return self._translate_members(step, part, source, destination, f"{path}.")

    def _check_text(
        self, step: Step, value: str, theirs: Property | None, about: Property, path: str
    ) -> None:
        if value and about.constants and value not in about.constants:
            # what its own server does not list either is for the destination to judge
            if theirs is None or not theirs.constants or value in theirs.constants:
                step.refuse(
                    "constant_unknown", f"{path} is {value}, which {self._version} does not know."
                )
        elif about.target == "String" and _is_too_long(value, about):
            self._refuse_long(step, value, theirs, about, path)

    def _refuse_long(
        self, step: Step, value: str, theirs: Property | None, about: Property, path: str
    ) -> None:
        if theirs is not None and _is_too_long(value, theirs):
            return  # a limit that its own server states and does not keep is none
        step.refuse(
            "text_too_long",
            f"{path} has {len(value)} characters, and {self._version} takes {about.length}: "
            "shorten it at the source.",
        )

    def _tell_left_out(self, step: Step, path: str, value: Any) -> None:
        if says_something(value):
            step.adapt(
                path,
                f"left out: {_show(value)}",
                f"{self._version} does not know it.",
            )

    def _refuse_missing(self, step: Step, missing: list[str]) -> None:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        step.refuse(
            "required_missing",
            f"{self._version} requires {', '.join(missing[:_MOST_NAMED])}{more}, and the source "
            "says nothing there.",
        )


def list_attribute_values(values: Any) -> Any:
    """``[{attribute: {id}, value}]``, which every version takes; from 2.42 a server may give a
    mapping by attribute [read]."""
    if not isinstance(values, Mapping):
        return values
    return [
        {"attribute": {"id": uid}, "value": one["value"] if isinstance(one, Mapping) else one}
        for uid, one in values.items()
    ]


def _is_too_long(value: str, about: Property) -> bool:
    return about.length is not None and len(value) > about.length


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
