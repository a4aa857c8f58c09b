"""The address of a server, brought to one form, so that two spellings are one instance.

Scheme and host in lower case, no default port, no trailing slash, no ``/api`` (the client adds it).
"""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from d2_assets.settings.mistakes import refuse

_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "Write it like https://hmis.example.org or https://example.org/dhis."


def normalise_url(text: str) -> str:
    """``HTTPS://Hmis.Example.org:443/dhis/api/`` as ``https://hmis.example.org/dhis``."""
    parts, host, port = _split(text.strip())
    _refuse_what_does_not_belong(parts)
    if ":" in host:
        host = f"[{host}]"
    if port not in (None, _DEFAULT_PORTS[parts.scheme]):
        host = f"{host}:{port}"
    path = parts.path.rstrip("/").removesuffix("/api").rstrip("/")
    return f"{parts.scheme}://{host}{path}"


def is_loopback(url: str) -> bool:
    """Whether a normalised URL points at this same machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refuse(
            "The address cannot be read: its host or port is malformed.", _EXAMPLE
        ) from None
    if parts.scheme not in _DEFAULT_PORTS or not host or any(c.isspace() for c in text):
        raise refuse("The address is not a web address.", _EXAMPLE)
    return parts, host, port


def _refuse_what_does_not_belong(parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        raise refuse(
            "The address holds a user name or a password.",
            "Take them out of the address and name them under auth (username, password_env).",
        )
    if parts.query or parts.fragment:
        raise refuse(
            "The address goes on after ? or #.",
            "Give the address of the server only, as it reads before the login page.",
        )
