"""From an instance of the settings to a client that can speak to it."""

import time
from collections.abc import Callable, Mapping

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import ConfigurationError
from d2_assets.http import auth
from d2_assets.http.policy import RetryPolicy
from d2_assets.http.session import DEFAULT_POLICY, HttpSession
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import (
    DEFAULT_CLIENT_SECRET,
    ApiKey,
    Credentials,
    OpenLMISSession,
    Password,
)
from d2_assets.settings import (
    BasicAuth,
    Instance,
    Pair,
    ReportingSettings,
    Settings,
    read_secret,
    read_variable,
)
from d2_assets.stock.reporting import ReportingSource, ReportingView

#: The most writers that a pair may have: each keeps a connection of its own.
MOST_WRITERS = 16


def connect(
    settings: Settings,
    instance_name: str,
    environ: Mapping[str, str] | None = None,
    *,
    policy: RetryPolicy = DEFAULT_POLICY,
    sleep: Callable[[float], None] = time.sleep,
) -> DHIS2Client:
    """A client of the instance; nothing is sent yet.

    ``environ`` is the process's own where it is None; ``sleep`` is how it waits before it asks
    again. ConfigurationError where the instance is
    unknown or not a DHIS2, or where its secret or its certificate file is missing.
    """
    instance = _find_instance(settings, instance_name, "dhis2")
    secret = read_secret(instance.secret, environ, settings.base)
    session = _open_session(
        settings, instance, _credentials(instance, secret), policy=policy, sleep=sleep
    )
    return DHIS2Client(instance.name, session)


def limit_timeouts(settings: Settings, seconds: float) -> Settings:
    """The settings with no instance waited for longer, as what has to end in time needs it."""
    instances = tuple(
        instance.model_copy(update={"timeout_seconds": min(instance.timeout_seconds, seconds)})
        for instance in settings.instances
    )
    return settings.model_copy(update={"instances": instances})


def connect_openlmis(
    settings: Settings,
    instance_name: str,
    environ: Mapping[str, str] | None = None,
    *,
    policy: RetryPolicy = DEFAULT_POLICY,
    sleep: Callable[[float], None] = time.sleep,
) -> OpenLMISClient:
    """A client of an OpenLMIS instance; it signs in when it is first asked. Errors as in
    ``connect``."""
    instance = _find_instance(settings, instance_name, "openlmis")

    def open_session(shown: auth.Auth, secrets: tuple[str, ...]) -> HttpSession:
        return _open_session(settings, instance, shown, policy=policy, sleep=sleep, secrets=secrets)

    credentials = _openlmis_credentials(settings, instance, environ)
    return OpenLMISClient(instance.name, instance.url, OpenLMISSession(credentials, open_session))


def connect_reporting(
    settings: Settings, pair: Pair, environ: Mapping[str, str] | None = None
) -> ReportingSource | None:
    """The reporting database of a pair; None where its stock comes through the API."""
    wanted = pair.stock.reporting
    if wanted is None:
        return None
    return ReportingSource(pair.source, read_variable(wanted.url_env, environ), _view(wanted))


def _view(wanted: ReportingSettings) -> ReportingView:
    names = wanted.model_dump(exclude={"url_env"})
    return ReportingView(**names)


def _find_instance(settings: Settings, name: str, kind: str) -> Instance:
    instance = settings.instance(name)
    if instance.kind != kind:
        raise ConfigurationError(
            f"Instance {instance.name} is of kind {instance.kind}, and "
            f"{'a DHIS2' if kind == 'dhis2' else 'an OpenLMIS'} is needed here.",
            remedy=f"Choose an instance of kind {kind}.",
            file=str(settings.file),
        )
    return instance


def _open_session(
    settings: Settings,
    instance: Instance,
    shown: auth.Auth,
    *,
    policy: RetryPolicy,
    sleep: Callable[[float], None],
    secrets: tuple[str, ...] = (),
) -> HttpSession:
    return HttpSession(
        instance.url,
        shown,
        name=instance.name,
        timeout_seconds=instance.timeout_seconds,
        ca_file=settings.base / instance.ca_file.expanduser() if instance.ca_file else None,
        policy=policy,
        sleep=sleep,
        pool_size=MOST_WRITERS,
        secrets=secrets,
    )


def _openlmis_credentials(
    settings: Settings, instance: Instance, environ: Mapping[str, str] | None
) -> Credentials:
    secret = read_secret(instance.secret, environ, settings.base)
    if not isinstance(instance.auth, BasicAuth):
        return ApiKey(secret)
    of_client = instance.auth.client_secret_of(instance.name)
    return Password(
        instance.auth.username,
        secret,
        client_id=instance.auth.client_id,
        client_secret=read_secret(of_client, environ, settings.base)
        if of_client
        else DEFAULT_CLIENT_SECRET,
    )


def _credentials(instance: Instance, secret: str) -> auth.Auth:
    if isinstance(instance.auth, BasicAuth):
        return auth.BasicAuth(instance.auth.username, secret)
    return auth.TokenAuth(secret)
