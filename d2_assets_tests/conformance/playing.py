"""Recorded requests, sent again.

What a recording could not keep is made anew: passwords and tokens, the bytes of bodies, the ids of
jobs that the server gave out in an exchange before.
"""

import base64
import gzip
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from d2_assets_tests.conformance.start_state import DATA_SET, list_elements, list_units
from d2_assets_tests.recordings import Exchange, read_exchange

_TIMEOUT = 60
_JOB = re.compile(r"^(/api/tracker/jobs/)\w+")
#: Bodies that recordings keep as their length only.
_MALFORMED = {
    "dv-malformed-json": b'{"dataValues": [',
    "meta-malformed-json": b'{"dataElements": [',
    "tr-malformed-json": b'{"events": [',
}


@dataclass(frozen=True, slots=True)
class Played:
    """What came back. ``body`` is JSON where it was JSON, else None."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    body: Any


@dataclass(slots=True)
class Player:
    """Plays exchanges to one server in recorded order.

    ``names`` are the objects that stand for the recorded ones, as in ``substitute``.
    """

    url: str
    username: str
    password: str
    names: Mapping[str, str] = field(default_factory=dict)
    #: What is done before an exchange, by its name.
    before: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    _token: str = ""
    _job: str = ""
    _session: requests.Session = field(default_factory=requests.Session)

    def play(self, exchange: Exchange) -> Played:
        """Send the request; an asynchronous job is waited for, as whoever recorded it did."""
        self.before.get(exchange.name, bool)()
        played = self._send(exchange)
        patience = time.monotonic() + 20
        while _is_unfinished(exchange, played) and time.monotonic() < patience:
            time.sleep(0.05)
            played = self._send(exchange)
        if exchange.name == "pat-create":
            self._token = played.body["response"]["key"]
        if exchange.name in ("dv-async", "meta-async", "tr-async"):
            self._job = played.body["response"]["id"]
        return played

    def _send(self, exchange: Exchange) -> Played:
        request = exchange.request
        path = request["path"]
        if "/DATAVALUE_IMPORT/" in path or "/METADATA_IMPORT/" in path:
            path = f"{path.rpartition('/')[0]}/{self._job}"
        if path.startswith("/api/tracker/jobs/"):
            path = _JOB.sub(rf"\g<1>{self._job}", path)
        headers = {**request["headers"], **self._authorise(exchange)}
        response = self._session.request(
            request["method"],
            f"{self.url}{path}",
            params=request["params"],
            data=self._make_body(exchange),
            headers=headers,
            auth=_keep_headers,
            allow_redirects=False,
            timeout=_TIMEOUT,
        )
        try:
            body = response.json()
        except requests.JSONDecodeError:
            body = None
        return Played(response.status_code, response.headers, response.content, body)

    def _authorise(self, exchange: Exchange) -> dict[str, str]:
        if exchange.name.startswith("no-auth"):
            return {}
        if exchange.name == "pat-use":
            return {"Authorization": f"ApiToken {self._token}"}
        if exchange.name == "pat-bad":
            return {"Authorization": "ApiToken d2pat_nosuchtoken0000000000000000000000000000"}
        password = "wrong" if exchange.name == "bad-password" else self.password
        credentials = base64.b64encode(f"{self.username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}

    def _make_body(self, exchange: Exchange) -> bytes | None:
        body = exchange.request.get("body")
        if exchange.name in _MALFORMED:
            return _MALFORMED[exchange.name]
        if exchange.name == "meta-gzip-body":
            created = read_exchange(exchange.version, "meta-create").request["body"]
            text = _rename(json.dumps({"dataElements": created["dataElements"][:1]}), self.names)
            return gzip.compress(text.encode())
        if exchange.name == "dv-gzip-body":
            text = _rename(json.dumps(_make_row(exchange.version)), self.names)
            return gzip.compress(text.encode())
        return None if body is None else json.dumps(body).encode()


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An auth that adds nothing, so that no ~/.netrc does."""
    return request


def _is_unfinished(exchange: Exchange, played: Played) -> bool:
    if exchange.name in ("dv-async-task", "meta-async-task") and exchange.body:
        return not any(note.get("completed") for note in played.body or [])
    if exchange.name == "tr-async-job":
        return not any(note.get("completed") for note in played.body or [])
    is_summary = exchange.name in ("dv-async-summary", "meta-async-summary", "tr-async-report")
    return is_summary and bool(exchange.body) and not played.content


def _make_row(version: str) -> dict[str, Any]:
    """The envelope that a recording kept as its length only: one value over one that is there."""
    element, combo = next(iter(list_elements(version).items()))
    row = {
        "dataElement": element,
        "categoryOptionCombo": combo,
        "period": "202603",
        "orgUnit": list_units(version)[0],
        "value": "30",
    }
    return {"dataSet": DATA_SET, "dataValues": [row]}


def substitute(exchange: Exchange, names: Mapping[str, str]) -> Exchange:
    """The same exchange about other objects: UIDs replaced in request and answer."""

    return replace(
        exchange,
        request=json.loads(_rename(json.dumps(exchange.request), names)),
        response=json.loads(_rename(json.dumps(exchange.response), names)),
    )


def _rename(text: str, names: Mapping[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text
