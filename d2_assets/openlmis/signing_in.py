"""Who asks OpenLMIS: a user's token, asked for anew when the server forgets it, or an API key.

Tokens live in the memory of the auth service and die with it, or when anyone signs the account
out; their lifetime slides. So ``expires_in`` is not counted: a 401 means sign in again, once
(domain/openlmis.md, 1). The body of that 401 quotes the token: the HTTP room hides it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from d2_assets.errors import (
    ConfigurationError,
    ContractError,
    OutcomeUnknownError,
    TransientError,
)
from d2_assets.http.answers import Answer
from d2_assets.http.auth import Auth, BasicAuth, BearerAuth
from d2_assets.http.connection import Params
from d2_assets.http.session import HttpSession

T = TypeVar("T")

#: What the public client of every installation begins with.
DEFAULT_CLIENT_SECRET = "changeme"

_TOKEN_PATH = "/api/oauth/token"
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Password:
    """A user's account, and the OAuth client that may ask for tokens."""

    username: str
    password: str = field(repr=False)
    client_id: str = "user-client"
    client_secret: str = field(default=DEFAULT_CLIENT_SECRET, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password, self.client_secret)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The key of a service account: the token itself, for good. What checks a right refuses it."""

    key: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.key,)


Credentials = Password | ApiKey

#: Makes a session that shows the given account and hides the given secrets.
OpenSession = Callable[[Auth, tuple[str, ...]], HttpSession]


class OpenLMISSession:
    """One OpenLMIS and one account, safe for several threads at once; all reads go through it."""

    def __init__(self, credentials: Credentials, open_session: OpenSession) -> None:
        self._credentials = credentials
        self._open = open_session
        self._lock = threading.Lock()
        self._session: HttpSession | None = None
        self._bytes_before = 0

    @property
    def has_rights(self) -> bool:
        """Whether the account has rights of its own: an API key has none."""
        return isinstance(self._credentials, Password)

    @property
    def account(self) -> str:
        """The user's name, or that it is a key."""
        who = self._credentials
        return who.username if isinstance(who, Password) else "service account"

    @property
    def bytes_received(self) -> int:
        """Bytes of bodies received so far, compressed."""
        now = self._session.traffic.bytes_received if self._session else 0
        return self._bytes_before + now

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()

    def get_json(self, path: str, params: Params | None = None) -> Any:
        """The JSON answer to a GET; errors as those of ``HttpSession.get_json``."""
        return self._ask(lambda session: session.get_json(path, params))

    def get_json_if_modified(
        self, path: str, params: Params | None, since: str
    ) -> tuple[Any | None, str]:
        """The JSON answer, or None where nothing was modified ``since``, and Last-Modified."""
        return self._ask(lambda session: session.get_json_if_modified(path, params, since))

    def _ask(self, ask: Callable[[HttpSession], T]) -> T:
        session = self._sign_in()
        try:
            return ask(session)
        except ConfigurationError as error:
            if error.status != _UNAUTHORIZED or not self.has_rights:
                raise
        return ask(self._sign_in(forgotten=session))

    def _sign_in(self, forgotten: HttpSession | None = None) -> HttpSession:
        """The session in use; a new one when there is none, or the server has forgotten it.

        Of several threads that were refused with one token, one signs in.
        """
        with self._lock:
            if self._session is None or self._session is forgotten:
                if forgotten is not None:
                    self._bytes_before += forgotten.traffic.bytes_received
                self._session = self._open(self._ask_for_token(), self._credentials.secrets)
            return self._session

    def _ask_for_token(self) -> BearerAuth:
        who = self._credentials
        if isinstance(who, ApiKey):
            return BearerAuth(who.key)
        session = self._open(BasicAuth(who.client_id, who.client_secret), who.secrets)
        fields = {
            "grant_type": "password",
            "username": who.username,
            "password": who.password,
        }
        try:
            answer = session.post_form(_TOKEN_PATH, fields)
        except OutcomeUnknownError as lost:  # nothing was changed: it may be asked again
            raise TransientError(lost.message, status=lost.status) from lost
        finally:
            session.close()
        if answer.status != 200:
            raise ConfigurationError(
                f"{session.server}: account {who.username} was not let in ({answer.said}).",
                remedy="Check username and password, and whether the account is locked: it is not "
                "tried again, since that may lock it.",
                status=answer.status,
            )
        return BearerAuth(_read_token(session, answer), f"account {who.username}")


def _read_token(session: HttpSession, answer: Answer) -> str:
    try:
        return str(orjson.loads(answer.content)["access_token"])
    except (ValueError, KeyError, TypeError) as error:
        # Not its words: whatever it is, a token may stand in it.
        raise ContractError(
            f"{session.server}: {_TOKEN_PATH} answered without a token.",
            remedy="Check that the instance's URL is that of an OpenLMIS server.",
        ) from error
