"""The account that the pair uses at the destination: a push must not saw off its own branch.

Its roles are left as they are, it stays a member of its groups, and none of them is ever deleted.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import Key, MetadataObject, Refusal, refuse

_USERS = "users"
_ROLES = "userRoles"
_GROUPS = "userGroups"

_ROLE = (
    "It is a role of the account that the pair uses at the destination: it is left as it is, so "
    "that the account keeps its rights."
)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The account by its UID at the destination, with the keys of its roles and groups there."""

    id: str = ""
    roles: frozenset[Key] = frozenset()
    groups: frozenset[Key] = frozenset()

    @property
    def keys(self) -> Set[Key]:
        """All that belongs to it, itself included."""
        return {(_USERS, self.id)} | self.roles | self.groups


def find_own_account(destination: Side, uid: str) -> OwnAccount:
    """Roles and groups of the account among the objects of the destination."""
    body = destination.find(_USERS, uid) or {}
    return OwnAccount(
        uid,
        frozenset((_ROLES, one["id"]) for one in body.get(_ROLES) or ()),
        frozenset(
            (_GROUPS, group)
            for group, found in destination.of_class(_GROUPS).items()
            if any(one["id"] == uid for one in found.get(_USERS) or ())
        ),
    )


def protect_account(
    objects: Iterable[MetadataObject], account: OwnAccount
) -> tuple[list[MetadataObject], list[Refusal]]:
    """The objects (rewritten for the destination) that may be sent, and roles that are left."""
    kept: list[MetadataObject] = []
    left: list[Refusal] = []
    for item in objects:
        if item.destination_key in account.roles:
            left.append(refuse(item, "own_role", _ROLE))
        elif item.destination_key in account.groups:
            kept.append(_stay_in(item, account.id))
        else:
            kept.append(item)
    return kept, left


def _stay_in(item: MetadataObject, uid: str) -> MetadataObject:
    users = item.body.get(_USERS) or []
    if any(one.get("id") == uid for one in users):
        return item
    return MetadataObject(item.plural, item.id, {**item.body, _USERS: [*users, {"id": uid}]})
