"""Roles, users and user groups of the generated country.

``sync`` is the account that metadata are moved with: it may import, and sharing and the hierarchy
bind it. ``clerk`` and ``viewer`` may not import.
"""

from dataclasses import dataclass
from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate

_SUPERUSER = ("ALL", "F_DATAVALUE_ADD", "F_METADATA_IMPORT")
#: What an account needs to move metadata without being a superuser.
SYNC_AUTHORITIES = (
    "F_METADATA_IMPORT", "F_METADATA_EXPORT", "F_METADATA_MANAGE", "F_PERFORM_MAINTENANCE",
    "F_SYSTEM_SETTING", "F_DATAVALUE_ADD", "F_EXPORT_DATA", "F_VIEW_UNAPPROVED_DATA",
    "F_USER_VIEW", "F_USER_ADD", "F_USERGROUP_PUBLIC_ADD", "F_USERROLE_PUBLIC_ADD",
    "F_ORGANISATIONUNIT_ADD", "F_DATAELEMENT_PUBLIC_ADD", "F_DATASET_PUBLIC_ADD",
    "F_CATEGORY_PUBLIC_ADD", "F_INDICATOR_PUBLIC_ADD", "F_PROGRAM_PUBLIC_ADD",
    "F_VISUALIZATION_PUBLIC_ADD", "F_DASHBOARD_PUBLIC_ADD",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Person:
    """A user; ``unit`` is the code of the unit that it stands at."""

    username: str
    role: str
    unit: str
    first_name: str = "Sandbox"
    surname: str = ""


_PEOPLE = (
    _Person("admin", "SUPERUSER", "KV"),
    _Person("clerk", "DATA_ENTRY", "KV_D01"),
    _Person("viewer", "VIEWER", "KV"),
    _Person("sync", "SYNCHRONISATION", "KV"),
    _Person("supervisor", "DATA_ENTRY", "KV_R1", "Léa", "Kaboré-Nuñez"),
    _Person("former", "VIEWER", "KV_R2", "Đorđe", "Müller"),
)
_ROLES: dict[str, tuple[str, ...]] = {
    "SUPERUSER": _SUPERUSER,
    "DATA_ENTRY": ("F_DATAVALUE_ADD",),
    "VIEWER": ("M_dhis-web-dashboard",),
    "SYNCHRONISATION": SYNC_AUTHORITIES,
}


def add_users(bodies: Bodies) -> None:
    """Who may do what."""
    for role, authorities in _ROLES.items():
        bodies.add(
            "userRoles", role, role.replace("_", " ").capitalize(), authorities=list(authorities),
            restrictions=[], sharing=bodies.share("--------", {"SYNC": "rw------"}),
            description="May enter data.\nMay not change forms." if role == "DATA_ENTRY" else None,
        )  # fmt: skip
    for person in _PEOPLE:
        _add_person(bodies, person)
    _add_group(bodies, "ENTRY", "Data entry", ("clerk", "supervisor"))
    _add_group(
        bodies, "SUPERVISORS", "Superviseurs", ("supervisor", "former"), managed=("ENTRY",),
        sharing=bodies.share("--------", {"ENTRY": "r-------", "SYNC": "rw------"}),
        attributeValues=bodies.attribute(TRAINED="true"),
        translations=translate("en", "Supervisors"),
    )  # fmt: skip
    _add_group(
        bodies, "SYNC", "Synchronisation", ("sync",),
        sharing=bodies.share("rw------", users={"admin": "rw------"}),
    )  # fmt: skip


def _add_person(bodies: Bodies, person: _Person) -> None:
    surname = person.surname or person.username.capitalize()
    place = bodies.refer_all("organisationUnits", [person.unit])
    bodies.add(
        "users", person.username, f"{person.first_name} {surname}", username=person.username,
        firstName=person.first_name, surname=surname, disabled=person.username == "former",
        userRoles=bodies.refer_all("userRoles", [person.role]), organisationUnits=place,
        dataViewOrganisationUnits=place, teiSearchOrganisationUnits=place, externalAuth=False,
        invitation=False, selfRegistered=False, **_describe(bodies, person),
    )  # fmt: skip


def _describe(bodies: Bodies, person: _Person) -> Body:
    if person.username != "supervisor":
        return {"catDimensionConstraints": [], "cogsDimensionConstraints": []}
    return {
        "email": "lea@example.org",
        "phoneNumber": "+250 78 0000001",
        "jobTitle": "Superviseure de région",
        "lastLogin": "2026-10-30T07:15:00.000",
        "attributeValues": bodies.attribute(TRAINED="true"),
        # These are of later families.
        "catDimensionConstraints": bodies.refer_all("categories", ["PARTNER"]),
        "cogsDimensionConstraints": bodies.refer_all("categoryOptionGroupSets", ["ORIGIN"]),
    }


def _add_group(
    bodies: Bodies,
    key: str,
    name: str,
    members: tuple[str, ...],
    managed: tuple[str, ...] = (),
    **more: Any,
) -> None:
    bodies.add(
        "userGroups", key, name, users=bodies.refer_all("users", members),
        managedGroups=bodies.refer_all("userGroups", managed), **more,
    )  # fmt: skip
