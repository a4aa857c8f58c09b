"""The ASGI application: reads a request, meets its fault, sends the answer.

The work of an answer runs in a thread, so several requests are served at once. Bodies are sent
chunked, as DHIS2 does.
"""

import base64
import binascii
import gzip
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request

from d2_assets.sandbox.answers import LOGIN_PAGE, Answer, answer_html, answer_json
from d2_assets.sandbox.endpoints import Ask, answer_request
from d2_assets.sandbox.faults import FAULT_KINDS, Fault, FaultPlan, RequestLog, RequestRecord
from d2_assets.sandbox.instance import Instance

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_LOOPBACK = ("127.0.0.1", "::1")
_GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_MARK = (b"x-d2-assets-sandbox", b"true")


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
            await _send(send, self._answer_control(request, body))
            return
        fault = self.faults.take(request.method, request.url.path)
        answer = await run_in_threadpool(self._answer, request, body, fault)
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
        if fault and fault.kind == "cut":
            await _send_cut(send, answer, fault)
        else:
            await _send(send, answer)

    def _answer(self, request: Request, body: bytes, fault: Fault | None) -> Answer:
        kind = fault.kind if fault else ""
        if fault and kind == "status_503":
            after = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            return answer_html(503, _GATEWAY_PAGE.format("503 Service Unavailable"), **after)
        if kind == "html":
            return answer_html(200, LOGIN_PAGE)
        if kind == "not_json":
            return Answer(200, b"<<not json>>", {"content-type": self.instance.facts.content_type})
        if fault and kind == "slow":
            time.sleep(fault.seconds)
        answer = answer_request(self.instance, _read(request, body))
        time.sleep(self.request_cost + self.instance.row_cost * answer.rows)
        if kind == "stored_504":
            rows = answer.rows
            answer = answer_html(504, _GATEWAY_PAGE.format("504 Gateway Time-out"))
            answer.rows = rows
        return answer

    def _answer_control(self, request: Request, body: bytes) -> Answer:
        """``/sandbox/faults`` and ``/sandbox/log``, from the same machine only."""
        facts = self.instance.facts
        if request.client is None or request.client.host not in _LOOPBACK:
            return answer_json(facts, {"message": "Faults are ordered on the machine itself."}, 403)
        address = (request.method, request.url.path)
        if address == ("POST", "/sandbox/faults"):
            try:
                fault = Fault(**orjson.loads(body))
            except (orjson.JSONDecodeError, TypeError):
                fault = None
            if fault is None or fault.kind not in FAULT_KINDS:
                words = f"A fault is JSON with a kind of {', '.join(FAULT_KINDS)}."
                return answer_json(facts, {"message": words}, 400)
            self.faults.add(fault)
            return answer_json(facts, asdict(fault), 201)
        if address == ("DELETE", "/sandbox/faults"):
            self.faults.clear()
            return Answer(204)
        if address == ("DELETE", "/sandbox/log"):
            self.log.clear()
            return Answer(204)
        return answer_json(facts, [asdict(record) for record in self.log.list_records()])


def _read(request: Request, body: bytes) -> Ask:
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    if request.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Ask(
        method=request.method,
        path=re.sub(r"^/api/\d\d/", "/api/", request.url.path),
        query=query,
        headers=request.headers,
        body=body,
    )


def _find_username(header: str) -> str:
    """The name in a basic ``Authorization`` header, for the log."""
    try:
        return base64.b64decode(header.partition(" ")[2]).decode("utf-8").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _head(answer: Answer) -> dict[str, Any]:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.body == b"":
        headers.append((b"content-length", b"0"))
    return {"type": "http.response.start", "status": answer.status, "headers": [*headers, _MARK]}


async def _iterate(answer: Answer) -> AsyncIterator[bytes]:
    if isinstance(answer.body, bytes):
        yield answer.body
    else:
        async for chunk in iterate_in_threadpool(answer.body):
            yield chunk


async def _send(send: Send, answer: Answer) -> None:
    await send(_head(answer))
    async for chunk in _iterate(answer):
        if chunk:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_cut(send: Send, answer: Answer, fault: Fault) -> None:
    """Half of the body, then nothing: the server closes the connection on an unfinished answer."""
    body = b"".join([chunk async for chunk in _iterate(answer)])
    head = _head(answer)
    if fault.framing == "content_length":
        head["headers"].append((b"content-length", str(len(body)).encode()))
    await send(head)
    half = body[: len(body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
