"""Values in a form in which two servers' ways to say the same thing are equal.

Absent, null, false and empty say the same; a Set has no order; a reference is its UID; 0 and 0.0
are one number; a day is a day with or without a midnight. Parts that live inside an object are
known by their content: a server may give them new UIDs.
"""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from d2_assets.dhis2.schemas import Property, Schemas
from d2_assets.metadata.members import MANAGED

#: The server's own members of parts; ``dimensionItem`` is content there: what a series shows.
_MANAGED = frozenset(MANAGED) - {"dimensionItem"}
#: Of a part: its UID is the server's own, too.
_NOT_CONTENT = _MANAGED | {"id", "uid", "sharing"}
#: Members of a reference: with no others beside them, the UID is all that counts.
_REFERENCE = frozenset({"id", "name", "code", "displayName", "shortName", "username"})
_NO_ACCESS = "--------"
_MIDNIGHT = ("T00:00:00.000", "T00:00:00")


class Canon:
    """Canonical forms by the destination's schemas; ``source`` limits the members of parts to
    those that both servers know."""

    def __init__(self, destination: Schemas, source: Schemas | None = None) -> None:
        self._destination = destination
        self._source = source
        self._members: dict[str, Mapping[str, Property] | None] = {}

    def form(self, value: Any, about: Property | None) -> Hashable:
        """The canonical form of one member; None when it says nothing."""
        if _is_empty(value):
            return None
        if about is None:
            return form_json(value)
        if about.name == "sharing":
            return form_sharing(value)
        if about.name == "attributeValues":
            return _form_attribute_values(value)
        if isinstance(value, list):
            items = [self._form_item(item, about) for item in value]
            said = [item for item in items if item is not None]
            return (tuple(said) if about.is_ordered else frozenset(said)) or None
        if about.is_reference and not about.is_embedded:
            return _uid_of(value)
        if about.kind == "DATE":
            return _form_date(value)
        if isinstance(value, Mapping):
            return self._form_part(value, about.target)
        return form_json(value)

    def _form_item(self, item: Any, about: Property) -> Hashable:
        if not isinstance(item, Mapping):
            return form_json(item)
        if about.is_reference and not about.is_embedded:
            return _uid_of(item)
        return self._form_part(item, about.target)

    def _form_part(self, part: Mapping[str, Any], klass: str) -> Hashable:
        known = self._members_of(klass)
        said = frozenset(
            (name, form)
            for name, value in part.items()
            if name not in _NOT_CONTENT
            and (known is None or name in known)
            and (form := self.form(value, known[name] if known else None)) is not None
        )
        return said or (_uid_of(part) if "id" in part else None)

    def _members_of(self, klass: str) -> Mapping[str, Property] | None:
        """Members by which parts of a class are compared; None where no server describes them."""
        if klass not in self._members:
            ours = self._destination.find_klass(klass)
            theirs = self._source.find_klass(klass) if self._source else ours
            self._members[klass] = (
                {
                    n: p
                    for n, p in ours.properties.items()
                    if theirs is None or n in theirs.properties
                }
                # one that is not embedded is another class of that name (EventFilter since 2.42)
                if ours and ours.is_embedded
                else None
            )
        return self._members[klass]


def form_sharing(sharing: Any) -> Hashable:
    """Who may do what: the owner, the public, and each user and group that has a right."""
    if not isinstance(sharing, Mapping):
        return form_json(sharing)
    public = sharing.get("public")
    rights = [
        ("owner", sharing.get("owner")),
        ("public", None if public == _NO_ACCESS else public),
        ("external", bool(sharing.get("external"))),
        ("users", _form_rights(sharing.get("users"))),
        ("userGroups", _form_rights(sharing.get("userGroups"))),
    ]
    return frozenset((name, value) for name, value in rights if value) or None


def _form_rights(rights: Any) -> Hashable:
    """By UID; a list of ``{id, access}`` says the same as a mapping."""
    items = rights.values() if isinstance(rights, Mapping) else rights or ()
    return frozenset(
        (item.get("id"), item.get("access")) for item in items if isinstance(item, Mapping)
    )


def _form_attribute_values(values: Any) -> Hashable:
    """``[{attribute: {id}, value}]``, or ``{attribute: value}``."""
    if isinstance(values, Mapping):
        pairs = [(uid, value) for uid, value in values.items()]
    else:
        pairs = [(_uid_of(item.get("attribute")), item.get("value")) for item in values]
    said = ((uid, form_json(value)) for uid, value in pairs if not _is_empty(value))
    return frozenset(said) or None


def form_json(value: Any) -> Hashable:
    """A value that no schema describes; its lists keep their order."""
    if isinstance(value, Mapping):
        if "id" in value and _REFERENCE.issuperset(value):
            return value["id"]
        return (
            frozenset(
                (name, form)
                for name, item in value.items()
                if name not in _MANAGED and (form := form_json(item)) is not None
            )
            or None
        )
    if isinstance(value, list):
        return tuple(form_json(item) for item in value) or None
    return None if _is_empty(value) else value


def _form_date(value: Any) -> Hashable:
    """An instant where both say one (an offset), else the local time as it reads."""
    if not isinstance(value, str):
        return value
    for midnight in _MIDNIGHT:
        if value.endswith(midnight):
            return value.removesuffix(midnight)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
        if not (moment.hour or moment.minute or moment.second or moment.microsecond):
            return moment.date().isoformat()
    elif len(value) == len("2010-01-01"):
        return value
    return moment.replace(tzinfo=None).isoformat()


def _uid_of(value: Any) -> Hashable:
    """The UID of a reference, however it is written."""
    if isinstance(value, Mapping):
        return value.get("id") or value.get("uid") or form_json(value)
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value == "" or value == [] or value == {}


def write_form(form: Hashable) -> bytes:
    """A canonical form as bytes that are the same in every process, for a fingerprint."""
    return orjson.dumps(_sortable(form))


def _sortable(form: Any) -> Any:
    if isinstance(form, frozenset):
        return ["set", *sorted((_sortable(item) for item in form), key=orjson.dumps)]
    if isinstance(form, tuple):
        return [_sortable(item) for item in form]
    if isinstance(form, int | float | Decimal) and not isinstance(form, bool):
        return {"number": str(Decimal(str(form)).normalize())}
    return form
