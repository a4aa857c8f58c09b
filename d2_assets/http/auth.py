"""Who asks: the account or token that a session shows to its one server.

``requests`` encodes passwords as Latin-1 and fails on others; DHIS2 reads UTF-8. A token is sent
as ``Authorization: ApiToken <token>`` on every version (2.38 on).
"""

import base64
from dataclasses import dataclass, field
from typing import Protocol

from requests import PreparedRequest
from requests.auth import AuthBase

from d2_assets.errors import ConfigurationError


class Auth(Protocol):
    """What a session needs of credentials: a name for messages, a header, what to hide."""

    @property
    def account(self) -> str: ...

    @property
    def authorization(self) -> str: ...

    @property
    def secrets(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user name and its password. ConfigurationError if no header can carry them."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if ":" in self.username or not self.username:
            raise ConfigurationError(
                f"The username {self.username!r} cannot be used for basic authentication.",
                remedy="Give a username that is not empty and has no colon.",
            )
        try:
            f"{self.username}:{self.password}".encode()
        except UnicodeEncodeError:
            # The error's own words show a part of the password.
            raise ConfigurationError(
                f"The password of the account {self.username!a} is not UTF-8 text.",
                remedy="Store the password as UTF-8, alone, without quotes.",
            ) from None

    @property
    def account(self) -> str:
        return f"account {self.username}"

    @property
    def authorization(self) -> str:
        return f"Basic {self._encoded}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password, self._encoded)

    @property
    def _encoded(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """A DHIS2 personal access token. ConfigurationError if no header can carry it."""

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ConfigurationError(
                "The personal access token holds blanks, line ends or other characters that no "
                "token has.",
                remedy="Store the token alone, without quotes and spaces.",
            )

    @property
    def account(self) -> str:
        return "personal access token"

    @property
    def authorization(self) -> str:
        return f"ApiToken {self.token}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.token,)


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A token of OAuth 2, or the API key of an OpenLMIS service account, which is one.

    ``account``: who signed in with it, for messages.
    """

    token: str = field(repr=False)
    account: str = "API key"

    @property
    def authorization(self) -> str:
        return f"Bearer {self.token}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.token,)


class SetAuthorization(AuthBase):
    """Puts the header on each request; with it set, ``requests`` never looks into a ~/.netrc."""

    def __init__(self, auth: Auth) -> None:
        self._authorization = auth.authorization

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._authorization
        return request
