"""Who may see and change an object, as far as the destination knows them.

Sharing is sent as the one object ``sharing``, which all supported versions take; the members of
2.35 and before (``publicAccess``, ``userAccesses`` ...) that 2.38 still gives are merged into it. A
user or group that the destination does not know is reported by it and has no right there [seen].
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from d2_assets.metadata.policy import MetadataPolicy, Step

_PUBLIC = "publicAccess"
_LEGACY = ("publicAccess", "externalAccess", "userAccesses", "userGroupAccesses")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Known:
    """UIDs at the source of the users and groups that may be named, and the account that owns
    what nobody there can own."""

    users: Set[str]
    groups: Set[str]
    account: str


def clean_sharing(step: Step, policy: MetadataPolicy, known: Known) -> None:
    """Bring sharing to its one form, with nobody in it who may not be named."""
    sharing = merge_sharing(step.body)
    for name in _LEGACY:
        step.body.pop(name, None)
    if sharing is None:
        return
    if policy.sharing == "drop_all":
        step.yielding.add("sharing")  # rights at the destination are its own then
    owner = sharing.get("owner")
    if owner and owner not in known.users:
        sharing["owner"] = known.account
        if owner != known.account:
            step.adapt("sharing.owner", _say_owner(owner, known.account), _OWNER)
        if not known.account:
            del sharing["owner"]
    for kind, there in (("users", known.users), ("userGroups", known.groups)):
        rights = sharing[kind]
        allowed: Set[str] = frozenset() if policy.sharing == "drop_all" else there
        missing = [uid for uid in rights if uid not in allowed]
        if missing:
            sharing[kind] = {uid: right for uid, right in rights.items() if uid in allowed}
            step.adapt(f"sharing.{kind}", _say_left_out(missing), _WHY[policy.sharing])
    step.body["sharing"] = sharing


def merge_sharing(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Sharing of a body in the present form; None when the body says nothing of it."""
    given = body.get("sharing")
    if not isinstance(given, Mapping) and body.get(_PUBLIC) is None:
        return None
    sharing: dict[str, Any] = {
        name: value for name, value in (given or {}).items() if name in ("owner", "public")
    }
    if "owner" not in sharing and isinstance(body.get("user"), Mapping):
        sharing["owner"] = body["user"].get("id")
    if "public" not in sharing and body.get(_PUBLIC):
        sharing["public"] = body[_PUBLIC]
    external = (given or {}).get("external", body.get("externalAccess"))
    if external is not None:
        sharing["external"] = external
    for kind, legacy in (("users", "userAccesses"), ("userGroups", "userGroupAccesses")):
        rights = (given or {}).get(kind) or body.get(legacy) or {}
        sharing[kind] = dict(_iterate_rights(rights))
    return {name: value for name, value in sharing.items() if value is not None}


def _iterate_rights(rights: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rights by UID, without names: ``{uid: {id, access}}``, or a list of ``{id, access}``."""
    if isinstance(rights, Mapping):
        items = [{"id": uid, **right} for uid, right in rights.items()]
    else:
        items = [item for item in rights if isinstance(item, Mapping)]
    for item in items:
        uid = item.get("userGroupUid") or item.get("userUid") or item.get("id")
        if uid:
            yield uid, {"id": uid, "access": item.get("access")}


_OWNER = "The owner is not at the destination; the account of the pair owns the object there."
_UNKNOWN = "They are not at the destination."
_WHY = {
    "keep": f"{_UNKNOWN} Who arrives with the family users gets the right then.",
    "drop_unknown": f"{_UNKNOWN} Who arrives in this run gets the right in the next.",
    "drop_all": "The pair moves no rights of users and groups (metadata.sharing: drop_all).",
}


def _say_owner(owner: str, account: str) -> str:
    return f"{owner} replaced by {account}" if account else f"{owner} left out"


def _say_left_out(uids: list[str]) -> str:
    named = ", ".join(uids[:_MOST_NAMED])
    more = f" and {len(uids) - _MOST_NAMED} more" if len(uids) > _MOST_NAMED else ""
    return f"{named}{more} left out"
