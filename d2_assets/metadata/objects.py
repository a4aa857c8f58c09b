"""One metadata object on its way, and what is told about it: what changed, and why it was refused.

A body is the JSON object of the API (``fields=:owner``), with the API's own member names. Steps
never change a body in place: they give a new object, and a row for each thing they changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]

#: Class (plural, as in the API) and UID.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MetadataObject:
    """An object of the class ``plural`` ("dataElements"). ``id`` is its UID at the source and
    stays so; the UID in ``body`` becomes the destination's when references are rewritten."""

    plural: str
    id: str
    body: Body

    @property
    def key(self) -> Key:
        """What it is known by at the source."""
        return self.plural, self.id

    @property
    def destination_key(self) -> Key:
        """What it is known by in its body, which is rewritten for the destination."""
        return self.plural, self.body["id"]

    @property
    def name(self) -> str:
        """What people call it."""
        return name_of(self.body)


def name_of(body: Body) -> str:
    """Name, user name, code or UID: the first that the object has."""
    return str(body.get("name") or body.get("username") or body.get("code") or body.get("id") or "")


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One change that an object went through, for the table in the UI.

    ``what`` was done ("left out", "set to «Age»"), ``why`` in words that a person can act on.
    """

    plural: str
    id: str
    name: str
    property: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object is in quarantine. ``code`` is ours (snake_case) or the server's (E4000)."""

    plural: str
    id: str
    name: str
    code: str
    reason: str

    @property
    def key(self) -> Key:
        return self.plural, self.id


def adapt(item: MetadataObject, name: str, what: str, why: str) -> Adaptation:
    """An adaptation of one property of an object."""
    return Adaptation(item.plural, item.id, item.name, name, what, why)


def refuse(item: MetadataObject, code: str, reason: str) -> Refusal:
    """The refusal of an object."""
    return Refusal(item.plural, item.id, item.name, code, reason)
