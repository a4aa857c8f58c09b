"""From an instance of the settings to a client that can speak to it."""

import time
from collections.abc import Callable, Mapping

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import ConfigurationError
from d2_assets.http import auth
from d2_assets.http.policy import RetryPolicy
from d2_assets.http.session import DEFAULT_POLICY, HttpSession
from d2_assets.settings import BasicAuth, Instance, Settings, read_secret

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
    instance = settings.instance(instance_name)
    if instance.kind != "dhis2":
        raise ConfigurationError(
            f"Instance {instance.name} is of kind {instance.kind}, and a DHIS2 is needed here.",
            remedy="Choose an instance of kind dhis2.",
            file=str(settings.file),
        )
    session = HttpSession(
        instance.url,
        _credentials(instance, read_secret(instance.secret, environ, settings.base)),
        name=instance.name,
        timeout_seconds=instance.timeout_seconds,
        ca_file=settings.base / instance.ca_file.expanduser() if instance.ca_file else None,
        policy=policy,
        sleep=sleep,
        pool_size=MOST_WRITERS,
    )
    return DHIS2Client(instance.name, session)


def _credentials(instance: Instance, secret: str) -> auth.Auth:
    if isinstance(instance.auth, BasicAuth):
        return auth.BasicAuth(instance.auth.username, secret)
    return auth.TokenAuth(secret)
