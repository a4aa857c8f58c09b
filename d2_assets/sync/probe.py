"""Asks a server who it is and what its account may do, and writes nothing.

A DHIS2 refuses every data value of an account that lacks the right to add them or has no org unit
of its own for data capture: better known before a run than from its refusals.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import Account
from d2_assets.errors import D2AssetsError
from d2_assets.http.policy import RetryPolicy
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.settings import Settings
from d2_assets.sync.connect import connect, connect_openlmis

#: A person waits for the table, and asks again by running it again.
_ASK_ONCE = RetryPolicy(attempts=1)


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """What one server answered. ``may_write`` is yes, or no and why; ``message`` is what failed.

    ``reachable`` says that it told who it is, ``org_units`` counts the account's units for data
    capture. Texts are empty where unknown.
    """

    name: str
    reachable: bool = False
    system_name: str = ""
    version: str = ""
    server_date: str = ""
    account: str = ""
    org_units: int = 0
    may_write: str = ""
    message: str = ""


def probe_instances(
    settings: Settings, names: Iterable[str] = (), environ: Mapping[str, str] | None = None
) -> tuple[InstanceReport, ...]:
    """A report for each named instance, or for all active ones; an unknown name is an error."""
    chosen = [settings.instance(name) for name in names] or [
        instance for instance in settings.instances if instance.active
    ]
    return tuple(
        _probe_dhis2(settings, instance.name, environ)
        if instance.kind == "dhis2"
        else _probe_openlmis(settings, instance.name, environ)
        for instance in chosen
    )


def probe_instance(client: DHIS2Client) -> InstanceReport:
    """What the server says of itself and of the account; a failure becomes the message."""
    try:
        system = client.get_system_info()
    except D2AssetsError as error:
        return InstanceReport(client.name, message=str(error))
    report = InstanceReport(
        client.name,
        reachable=True,
        system_name=system.system_name,
        version=system.version,
        server_date=system.server_date,
    )
    try:
        _ = client.dialect  # refuses a version that is too old
        account = client.get_me()
    except D2AssetsError as error:
        return replace(report, message=str(error))
    return replace(
        report,
        account=account.username,
        org_units=len(account.org_units),
        may_write=derive_may_write(account),
    )


def derive_may_write(account: Account) -> str:
    """Whether data values of such an account are taken: ``yes``, or ``no`` and what it lacks."""
    if not account.may_write_values:
        return "no: a role with F_DATAVALUE_ADD is missing"
    if not account.org_units:
        return "no: the account has no org unit for data capture"
    return "yes"


def _probe_dhis2(
    settings: Settings, name: str, environ: Mapping[str, str] | None
) -> InstanceReport:
    try:
        client = connect(settings, name, environ, policy=_ASK_ONCE)
    except D2AssetsError as error:
        return InstanceReport(name, message=str(error))
    return probe_instance(client)


def probe_openlmis(client: OpenLMISClient) -> InstanceReport:
    """Whether the server lets the account in; it is only ever read."""
    try:
        programs = client.list_programs()
    except D2AssetsError as error:
        return InstanceReport(client.name, message=str(error))
    words = "not needed: it is only read"
    if not client.sees_withdrawn:
        words += "; a key is not shown products that are no longer approved"
    return InstanceReport(
        client.name,
        reachable=True,
        system_name=f"OpenLMIS with {len(programs)} programs",
        account=client.account,
        may_write=words,
    )


def _probe_openlmis(
    settings: Settings, name: str, environ: Mapping[str, str] | None
) -> InstanceReport:
    try:
        client = connect_openlmis(settings, name, environ, policy=_ASK_ONCE)
    except D2AssetsError as error:
        return InstanceReport(name, message=str(error))
    with closing(client):
        return probe_openlmis(client)
