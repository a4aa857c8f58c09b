"""What a server holds on its first day: its administrator, the default category objects, settings.

There are no org units, so that no account stands anywhere yet. Two accounts were set up for moving
metadata: ``sync`` may import without being a superuser, ``viewer`` may not import.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from d2_assets.sandbox.content_bodies import Bodies, Body
from d2_assets.sandbox.content_categories import add_default_combo
from d2_assets.sandbox.content_users import SYNC_AUTHORITIES
from d2_assets.sandbox.versions import VersionFacts

#: As on the recorded servers.
_ADMIN, _SUPERUSER = "M5zQapPyTZI", "yrB6vc5Ip3r"
#: Of no country, so that only the default category objects are shared with one.
_SEED = -1


@dataclass(frozen=True, slots=True)
class FreshServer:
    """Content of a server that nobody has set up yet, beside its accounts."""

    fresh: bool = True


EMPTY = FreshServer()


def list_fresh_metadata(facts: VersionFacts) -> Mapping[str, list[Body]]:
    """Plural -> bodies of a fresh server."""
    bodies = _FreshBodies(_SEED, facts)
    add_default_combo(bodies)
    sync = bodies.uid("users/sync")
    # Without a grant the account could not even see the role that a source's role is matched with.
    sharing = {"users": {sync: {"id": sync, "access": "rw------"}}, "userGroups": {}}
    for username, code, name, authorities in (
        ("admin", "Superuser", "Superuser", ("ALL", "F_DATAVALUE_ADD", "F_METADATA_IMPORT")),
        ("sync", None, "Synchronisation", SYNC_AUTHORITIES),
        ("viewer", None, "Viewer", ("M_dhis-web-dashboard",)),
    ):
        role = bodies.add(
            "userRoles", f"{username}_role", name, code=code, sharing=sharing, restrictions=[],
            authorities=list(authorities), uid=_SUPERUSER if username == "admin" else "",
        )  # fmt: skip
        bodies.add(
            "users", username, f"{username} {username}", username=username, firstName=username,
            surname=username, disabled=False, externalAuth=False, invitation=False,
            selfRegistered=False, userRoles=[{"id": role}], organisationUnits=[],
            dataViewOrganisationUnits=[], teiSearchOrganisationUnits=[],
            catDimensionConstraints=[], cogsDimensionConstraints=[],
        )  # fmt: skip
    return bodies.metadata


class _FreshBodies(Bodies):
    def uid(self, key: str) -> str:
        return _ADMIN if key == "users/admin" else super().uid(key)
