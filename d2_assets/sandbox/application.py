"""The ASGI application: reads a request, meets its fault, makes the answer.

The work of an answer runs in a thread, so several requests are served at once.
"""

import base64
import binascii
import gzip
import re
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from d2_assets.sandbox.accounts import refuse_credentials
from d2_assets.sandbox.answers import (
    LOGIN_PAGE,
    Answer,
    answer_html,
    answer_message,
)
from d2_assets.sandbox.control import answer_control
from d2_assets.sandbox.endpoints import Ask, answer_request
from d2_assets.sandbox.faults import (
    Fault,
    FaultPlan,
    RequestLog,
    RequestRecord,
    measure_request,
)
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.sending import Receive, Send, send_answer, send_broken

_PROXY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
#: What a proxy says in place of the server, which never sees the request.
_PROXY_REFUSALS: Mapping[str, tuple[int, str]] = {
    "status_413": (413, "413 Request Entity Too Large"),
    "status_502": (502, "502 Bad Gateway"),
    "status_503": (503, "503 Service Unavailable"),
}
#: More rows than any request has.
_ALL_ROWS = 2**63


@dataclass(slots=True)
class Application:
    """One stand-in server behind a socket. ``request_cost`` is in seconds, for benchmarks."""

    instance: Instance
    faults: FaultPlan
    log: RequestLog
    request_cost: float = 0.0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        if request.url.path.startswith("/sandbox"):
            await send_answer(send, self._answer_control(request, body))
            return
        fault, answer = await run_in_threadpool(self._answer, request, body)
        self.log.add(
            RequestRecord(
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                username=_find_username(request.headers.get("authorization", "")),
                rows=answer.rows,
                status=answer.status,
                fault=fault.kind if fault else "",
            )
        )
        if fault:
            await send_broken(send, receive, answer, fault)
        else:
            await send_answer(send, answer)

    def _answer(self, request: Request, body: bytes) -> tuple[Fault | None, Answer]:
        ask = _read(request, body)
        fault = self.faults.take(
            request.method, request.url.path, lambda: measure_request(body, ask.body)
        )
        if fault is None:
            return None, self._carry_out(ask)
        return fault, self._answer_instead(ask, fault) or self._carry_out_badly(ask, fault)

    def _carry_out(self, ask: Ask) -> Answer:
        answer = answer_request(self.instance, ask)
        time.sleep(self.request_cost + self.instance.row_cost * answer.rows)
        return answer

    def _answer_instead(self, ask: Ask, fault: Fault) -> Answer | None:
        """The answer to a request that is not carried out; None when the fault comes later."""
        facts, kind = self.instance.facts, fault.kind
        if kind in _PROXY_REFUSALS:
            status, words = _PROXY_REFUSALS[kind]
            after = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            return answer_html(status, _PROXY_PAGE.format(words), **after)
        if kind == "status_401":
            refusal = refuse_credentials(ask.headers.get("authorization", ""))
            return answer_message(facts, refusal.status, message=refusal.message)
        if kind == "html":
            return answer_html(200, LOGIN_PAGE)
        if kind == "not_json":
            return Answer(200, b"<<not json>>", {"content-type": facts.content_type})
        if kind == "reset" and not fault.stored:
            return Answer(0)
        return None

    def _carry_out_badly(self, ask: Ask, fault: Fault) -> Answer:
        """The answer to a request that is carried out, late, in part or for nobody to see."""
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault.kind == "success_lost":
            lost = _ALL_ROWS if fault.max_rows is None else fault.max_rows
            ask = replace(ask, lost_rows=lost)
        answer = self._carry_out(ask)
        if fault.kind == "stored_slow":
            time.sleep(fault.seconds)
        if fault.kind == "stored_504":
            page = answer_html(504, _PROXY_PAGE.format("504 Gateway Time-out"))
            return replace(page, rows=answer.rows)
        if fault.kind == "reset":
            return Answer(0, rows=answer.rows)
        return answer

    def _answer_control(self, request: Request, body: bytes) -> Answer:
        client = request.client.host if request.client else ""
        address = (request.method, request.url.path)
        return answer_control(self.instance, self.faults, self.log, address, body, client)


def _read(request: Request, body: bytes) -> Ask:
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    path = re.sub(r"^/api/\d\d/", "/api/", request.url.path)
    # Tracker imports do not unpack what they are sent [seen 2.42].
    if request.headers.get("content-encoding") == "gzip" and path != "/api/tracker":
        body = gzip.decompress(body)
    return Ask(
        method=request.method,
        path=path,
        query=query,
        headers=request.headers,
        body=body,
    )


def _find_username(header: str) -> str:
    """The name in a basic ``Authorization`` header, for the log."""
    scheme, _, credentials = header.partition(" ")
    if scheme != "Basic":
        return ""
    try:
        return base64.b64decode(credentials).decode("utf-8").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
