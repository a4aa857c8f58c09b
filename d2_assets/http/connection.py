"""The line to one server: a pool shared by all threads, one account, every body counted.

DHIS2 answers 401 instead of a login page only to ``X-Requested-With: XMLHttpRequest`` (seen on
2.40 to 2.43), so that header is always sent, and redirects, which could carry credentials
elsewhere, are never followed. TLS is always verified: against the instance's own CA file or the
usual authorities. Of the environment only the proxies are taken; a ~/.netrc or
REQUESTS_CA_BUNDLE cannot change what the settings say.
"""

import logging
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from d2_assets.errors import ConfigurationError
from d2_assets.http.answers import Question
from d2_assets.http.auth import Auth, SetAuthorization
from d2_assets.http.bodies import CutBodyError, iterate_body
from d2_assets.http.failures import explain_failure

logger = logging.getLogger(__name__)

Params = Mapping[str, Any]

_CONNECT_SECONDS = 15.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CA_FILE_MEND = "Give the path of a PEM file as ca_file, or leave ca_file out."
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "X-Requested-With": "XMLHttpRequest",
    "User-Agent": "d2_assets",
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the line so far: requests, and bytes of bodies as sent (compressed)."""

    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


class Connection:
    """One server and one account, for several threads at once; each exchange happens once."""

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        timeout_seconds: float,
        ca_file: str | Path | None,
        pool_size: int,
        clock: Callable[[], float],
    ) -> None:
        if ca_file is not None:
            _check_ca_file(ca_file)
        self.base_url = base_url.rstrip("/")
        self._auth = auth
        self._timeout = timeout_seconds
        self._verify = str(ca_file) if ca_file else True
        self._clock = clock
        self._adapter = HTTPAdapter(pool_maxsize=pool_size)
        self._proxies = _find_proxies(self.base_url)
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._traffic = Traffic()

    @property
    def traffic(self) -> Traffic:
        """What has been sent and received so far."""
        return self._traffic

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show: the account's secrets, and those of the proxies."""
        return (*self._auth.secrets, *_list_passwords(self._proxies.values()))

    def close(self) -> None:
        """Close the pooled connections."""
        self._adapter.close()

    def ask(self, method: str, path: str) -> Question:
        """The question that a method and a path are, named for messages."""
        name = f"{method} {self.base_url}/{path.lstrip('/')}"
        return Question(name, self._auth.account, writes=method != "GET")

    @contextmanager
    def exchange(
        self,
        question: Question,
        params: Params | None,
        payload: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        unzips: bool = True,
    ) -> Iterator[tuple[requests.Response, Iterator[bytes]]]:
        """One request and its answer, whose body is read inside the ``with``."""
        method, url = question.name.split(" ", 1)
        started, status, received = self._clock(), 0, 0

        def count(size: int) -> None:
            nonlocal received
            received += size

        try:
            with self._send(method, url, params, payload, headers) as response:
                status = response.status_code
                yield response, iter(iterate_body(response, count, unzips=unzips))
        except (requests.RequestException, HTTPError, CutBodyError) as failure:
            # The libraries' own words quote URLs and headers: only the redacted ones go on.
            raise explain_failure(question, failure, self._timeout) from None
        finally:
            seconds = self._clock() - started
            self._count(len(payload or b""), received)
            resource = urlsplit(url).path
            logger.debug("%s %s: %s, %.3f s, %d bytes", method, resource, status, seconds, received)

    def _send(
        self,
        method: str,
        url: str,
        params: Params | None,
        payload: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> requests.Response:
        """The answer's head; its body is not read yet."""
        try:
            return self._session().request(
                method,
                url,
                params=params,
                data=payload,
                headers=headers,
                timeout=(min(_CONNECT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException:
            raise
        except OSError as failure:
            # No failure of the line: ``requests`` looks for the CA file before it connects.
            raise ConfigurationError(
                f"{method} {url} was not sent: {failure}.", remedy=_CA_FILE_MEND
            ) from None

    def _session(self) -> requests.Session:
        """This thread's session: its cookies are its own, the connections are everyone's."""
        session = getattr(self._of_thread, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.auth = SetAuthorization(self._auth)
            session.verify = self._verify
            session.proxies.update(self._proxies)
            session.headers.update(_HEADERS)
            session.mount("https://", self._adapter)
            session.mount("http://", self._adapter)
            self._of_thread.session = session
        return session

    def _count(self, sent: int, received: int) -> None:
        with self._lock:
            before = self._traffic
            self._traffic = Traffic(
                before.requests + 1, before.bytes_sent + sent, before.bytes_received + received
            )


def _check_ca_file(ca_file: str | Path) -> None:
    """ConfigurationError for a CA file that is missing or holds no certificate."""
    if not Path(ca_file).is_file():
        raise ConfigurationError(f"The CA file {ca_file} does not exist.", remedy=_CA_FILE_MEND)
    try:
        ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        is_text = isinstance(error, ssl.SSLError)
        reason = "it is no PEM certificate" if is_text else error.strerror
        raise ConfigurationError(
            f"The CA file {ca_file} cannot be used: {reason}.", remedy=_CA_FILE_MEND
        ) from None


def _list_passwords(urls: Iterable[str]) -> Iterator[str]:
    for url in urls:
        if password := urlsplit(url).password:
            yield unquote(password)


def _find_proxies(base_url: str) -> dict[str, str]:
    """The environment's proxies for the server; none for one on this machine."""
    if urlsplit(base_url).hostname in _LOOPBACK:
        return {}
    return dict(get_environ_proxies(base_url))
