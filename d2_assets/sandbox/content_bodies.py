"""Where the generated metadata of a sandbox are gathered: UIDs, sharing, references, stamps.

Every UID follows from the seed and the object's key, so that two servers of the same seed share
their metadata. Each body holds what its version owns, nothing that came later or is gone; a class
that the version does not have is left out.
"""

import re
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.content_versions import owns_class, owns_member
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO
from d2_assets.sandbox.versions import VersionFacts

STAMP = "2024-01-15T08:00:00.000"

_NAME = re.compile(r"<([A-Za-z]+/[A-Z0-9_]+|[A-Z][A-Z0-9_]+|default)>")

Body = dict[str, Any]


class Bodies:
    """The objects of one seed as one version holds them."""

    def __init__(self, seed: int, facts: VersionFacts) -> None:
        self.seed = seed
        self.facts = facts
        #: Plural ("dataElements") -> bodies, in the order in which they were added.
        self.metadata: dict[str, list[Body]] = {}
        self._uids: dict[str, str] = {}
        self._author = {"id": self.uid("users/admin"), "username": "admin", "name": "Sandbox Admin"}

    def uid(self, key: str) -> str:
        """The UID of the object that a key names ("dataElements/ANC_1")."""
        if key not in self._uids:
            self._uids[key] = generate_uid(Random(f"{self.seed}/{key}"))
        return self._uids[key]

    def refer(self, plural: str, key: str) -> Body:
        """A reference to an object."""
        return {"id": self.uid(f"{plural}/{key}")}

    def refer_all(self, plural: str, keys: Iterable[str]) -> list[Body]:
        """References to objects, in their order."""
        return [self.refer(plural, key) for key in keys]

    def add(
        self, plural: str, key: str, name: str | None = None, *, uid: str = "", **members: Any
    ) -> str:
        """Add an object and give its UID. The key is its code unless ``code`` is given.

        A member that is None is left out. Nothing is added when the version lacks the class.
        """
        uid = uid or self.uid(f"{plural}/{key}")
        body = self._shape(plural, {"code": key, "name": name} | members, uid)
        if body is not None:
            self.metadata.setdefault(plural, []).append(body)
        return uid

    def embed(self, plural: str, key: str, **members: Any) -> Body:
        """A part that travels within its parent, with a UID of its own."""
        members = {"sharing": None} | members
        return self._shape(plural, members, self.uid(f"{plural}/{key}")) or {}

    def _shape(self, plural: str, members: Mapping[str, Any], uid: str) -> Body | None:
        line = self.facts.line
        if not owns_class(plural, line):
            return None
        body: Body = {
            "code": None,
            "name": None,
            "created": STAMP,
            "lastUpdated": STAMP,
            "translations": [],
            "createdBy": self._author,
            "lastUpdatedBy": self._author,
            "id": uid,
            "attributeValues": [],
            "sharing": self.share(),
        }
        return {
            name: value
            for name, value in {**body, **members}.items()
            if value is not None and owns_member(plural, name, line)
        }

    def share(
        self,
        public: str = "r-------",
        groups: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> Body:
        """A sharing block; ``groups`` and ``users`` are access strings by key ("ENTRY")."""
        sharing: Body = {
            "owner": self.uid("users/admin"),
            "users": self._grant("users", users or {}),
            "userGroups": self._grant("userGroups", groups or {}),
            "public": public,
        }
        return sharing | ({"external": False} if self.facts.sharing_external else {})

    def _grant(self, plural: str, grants: Mapping[str, str]) -> Body:
        uids = {self.uid(f"{plural}/{key}"): access for key, access in grants.items()}
        return {uid: {"id": uid, "access": access} for uid, access in uids.items()}

    def attribute(self, **values: str) -> list[Body]:
        """Attribute values by the attribute's key ("LOCAL_ID")."""
        return [
            {"attribute": self.refer("attributes", key), "value": value}
            for key, value in values.items()
        ]

    def express(self, text: str) -> str:
        """An expression or a page with UIDs for names: "#{<ANC_1>.<default>}".

        A name is a data element's code, or a class and a code ("<indicators/ANC_DROPOUT>").
        """
        return _NAME.sub(lambda found: self._find_named(found[1]), text)

    def _find_named(self, name: str) -> str:
        if name == "default":
            return DEFAULT_OPTION_COMBO
        return self.uid(name if "/" in name else f"dataElements/{name}")


def translate(locale: str, text: str, member: str = "NAME") -> list[Body]:
    """One translation of a name or another member."""
    return [{"locale": locale, "property": member, "value": text}]
