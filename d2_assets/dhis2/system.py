"""The server and the account: which version, which clock, and who asks.

``serverDate`` and the stamps of metadata carry no offset: they are in ``serverTimeZoneId``
(seen on 2.38 to 2.43). A session keeps its user, so changed rights show in a new session only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from d2_assets.errors import ContractError
from d2_assets.http.session import HttpSession

_INFO_FIELDS = (
    "version,revision,serverDate,serverTimeZoneId,calendar,dateFormat,systemName,systemId"
)
_WRITE_AUTHORITIES = frozenset({"ALL", "F_DATAVALUE_ADD"})
_METADATA_AUTHORITIES = frozenset({"ALL", "F_METADATA_IMPORT"})
_ACCOUNT_FIELDS = (
    "id,username,authorities,organisationUnits[id,path],dataViewOrganisationUnits[id,path]"
)


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a server says of itself; ``server_date`` is its local time in ``time_zone``."""

    version: str
    revision: str
    server_date: str
    time_zone: str
    calendar: str
    date_format: str
    system_name: str
    system_id: str


@dataclass(frozen=True, slots=True)
class OrgUnitReference:
    """An org unit by its id and its path from the root ("/ImspTQPwCqd/O6uvpzGd5pu")."""

    id: str
    path: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks: ``org_units`` are those to write at, ``data_view_org_units`` those to read."""

    id: str
    username: str
    authorities: frozenset[str]
    org_units: tuple[OrgUnitReference, ...]
    data_view_org_units: tuple[OrgUnitReference, ...]

    @property
    def may_write_values(self) -> bool:
        """Whether a role gives the right to write data values (where, the org units say)."""
        return not _WRITE_AUTHORITIES.isdisjoint(self.authorities)

    @property
    def may_import_metadata(self) -> bool:
        """Whether a role gives the right to import metadata."""
        return not _METADATA_AUTHORITIES.isdisjoint(self.authorities)


def get_system_info(session: HttpSession) -> SystemInfo:
    """``GET /api/system/info``. ContractError if the answer is not DHIS2's."""
    return parse_system_info(session.get_json("api/system/info", {"fields": _INFO_FIELDS}))


def get_account(session: HttpSession) -> Account:
    """``GET /api/me``. ConfigurationError if the account is refused."""
    return parse_account(session.get_json("api/me", {"fields": _ACCOUNT_FIELDS}))


def parse_system_info(body: Any) -> SystemInfo:
    """The answer of ``/api/system/info``; members that a version lacks are empty."""
    if not isinstance(body, Mapping) or not body.get("version"):
        raise ContractError(
            "/api/system/info names no version.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )

    def text(name: str) -> str:
        return str(body.get(name) or "")

    return SystemInfo(
        version=text("version"),
        revision=text("revision"),
        server_date=text("serverDate"),
        time_zone=text("serverTimeZoneId"),
        calendar=text("calendar"),
        date_format=text("dateFormat"),
        system_name=text("systemName"),
        system_id=text("systemId"),
    )


def parse_account(body: Any) -> Account:
    """The answer of ``/api/me``."""
    if not isinstance(body, Mapping) or not body.get("username"):
        raise ContractError(
            "/api/me names no username.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )
    return Account(
        id=str(body.get("id") or ""),
        username=str(body["username"]),
        authorities=frozenset(body.get("authorities") or ()),
        org_units=_parse_references(body.get("organisationUnits")),
        data_view_org_units=_parse_references(body.get("dataViewOrganisationUnits")),
    )


def _parse_references(items: Any) -> tuple[OrgUnitReference, ...]:
    return tuple(OrgUnitReference(item["id"], item.get("path") or "") for item in items or ())
