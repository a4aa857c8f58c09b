"""Who asks, and what they may do.

Every user object in the store can log in with the sandbox's one password, unless it was given its
own, or with a personal access token. Rights are as in DHIS2: a superuser (authority ALL) passes
every sharing check, but nobody passes the hierarchy: an account without the unit above a row cannot
write it. There are no sessions, so a change of an account shows in its next request; a real server
shows it to a new session only [seen 2.42].
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import Any

from d2_assets.sandbox.store import Store
from d2_assets.sandbox.versions import VersionFacts

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_UNKNOWN_TOKEN = "The API token does not exists."  # The server's own words.


@dataclass(frozen=True, slots=True)
class Account:
    """A user: authorities, the roots of the capture hierarchy, and groups."""

    id: str
    username: str
    authorities: tuple[str, ...]
    org_units: frozenset[str]
    groups: frozenset[str]

    @property
    def is_superuser(self) -> bool:
        """Whether sharing does not bind this account."""
        return "ALL" in self.authorities

    def may(self, action: str, sharing: Mapping[str, Any]) -> bool:
        """Whether sharing grants an action: "read", "write", "data_read" or "data_write".

        Access strings hold metadata rights in the first two places, data rights in the next two.
        """
        position, letter = {
            "read": (0, "r"),
            "write": (1, "w"),
            "data_read": (2, "r"),
            "data_write": (3, "w"),
        }[action]
        grants = [sharing.get("public") or ""]
        grants += [_access(sharing.get("users"), self.id)]
        grants += [_access(sharing.get("userGroups"), group) for group in self.groups]
        # Owners have all rights on metadata, and none on data by that [read].
        if position < 2 and sharing.get("owner") == self.id:
            return True
        return self.is_superuser or any(
            grant[position : position + 1] == letter for grant in grants
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody is logged in: HTTP status and words."""

    status: int
    message: str = "Unauthorized"


@cache
def read_password() -> str:
    """The password of every account that was not given another."""
    return Path(__file__).with_name("password.txt").read_text("utf-8").strip()


def authenticate(header: str, store: Store, facts: VersionFacts) -> Account | Refusal:
    """The account behind an ``Authorization`` header."""
    scheme, _, credentials = header.partition(" ")
    if scheme == "ApiToken":
        return _authenticate_token(credentials, store, facts)
    try:
        username, _, password = base64.b64decode(credentials).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Refusal(401)
    account = find_account(username, store)
    if scheme != "Basic" or account is None or password != _read_own(username, store):
        return Refusal(401)
    return account


def _read_own(username: str, store: Store) -> str:
    return store.find_password(username) or read_password()


def refuse_credentials(header: str) -> Refusal:
    """What is said to credentials of the right form that are not, or no longer, known."""
    return Refusal(401, _UNKNOWN_TOKEN) if header.startswith("ApiToken ") else Refusal(401)


def _authenticate_token(key: str, store: Store, facts: VersionFacts) -> Account | Refusal:
    if facts.checks_tokens and not _has_checksum(key):
        return Refusal(400, "Checksum validation failed")
    username = store.find_token_user(key)
    account = find_account(username, store) if username else None
    return account or Refusal(401, _UNKNOWN_TOKEN)


def create_token(facts: VersionFacts) -> str:
    """A new key: prefix, 44 letters and digits, and their checksum in ten digits."""
    body = "".join(SystemRandom().choices(_LETTERS, k=44))
    return f"{facts.token_prefix}{body}{zlib.crc32(body.encode()):010d}"


def _has_checksum(key: str) -> bool:
    body = key.rpartition("_")[2]
    return len(body) == 54 and f"{zlib.crc32(body[:-10].encode()):010d}" == body[-10:]


def find_account(username: str, store: Store) -> Account | None:
    """The account of that name, with the authorities of its roles; a disabled one is none."""
    for user in store.metadata("users"):
        if user.get("username") == username and not user.get("disabled"):
            return _account(user, store)
    return None


def set_org_units(username: str, uids: Iterable[str], store: Store) -> None:
    """Change the data capture units of an account; its next request is judged by them.

    Raises LookupError for an unknown name.
    """
    user = store.get_object("users", _get_account(username, store).id) or {}
    units = [{"id": uid} for uid in uids]
    store.put_metadata("users", [{**user, "organisationUnits": units}])


def set_password(username: str, password: str, store: Store) -> None:
    """Give an account another password; the old one is refused from now on.

    Raises LookupError for an unknown name.
    """
    store.put_password(_get_account(username, store).username, password)


def add_token(username: str, store: Store, facts: VersionFacts) -> str:
    """A new personal access token of an account. Raises LookupError for an unknown name."""
    key = create_token(facts)
    store.put_token(key, _get_account(username, store).username)
    return key


def _get_account(username: str, store: Store) -> Account:
    account = find_account(username, store)
    if account is None:
        names = ", ".join(sorted(user["username"] for user in store.metadata("users")))
        raise LookupError(f"The sandbox has no account {username!r}. It has {names}.")
    return account


def _account(user: Mapping[str, Any], store: Store) -> Account:
    roles = [store.get_object("userRoles", role["id"]) or {} for role in user.get("userRoles", [])]
    return Account(
        id=user["id"],
        username=user["username"],
        authorities=tuple(dict.fromkeys(a for role in roles for a in role.get("authorities", []))),
        org_units=frozenset(unit["id"] for unit in user.get("organisationUnits", [])),
        groups=frozenset(
            group["id"]
            for group in store.metadata("userGroups")
            if any(member["id"] == user["id"] for member in group.get("users", []))
        ),
    )


def _access(grants: Mapping[str, Any] | None, holder: str) -> str:
    return (grants or {}).get(holder, {}).get("access", "")
