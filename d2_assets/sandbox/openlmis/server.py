"""The stand-in OpenLMIS on a socket of its own, with faults on order and a log of requests."""

import socket
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from d2_assets.sandbox.answers import Answer, answer_html
from d2_assets.sandbox.endpoints import Ask
from d2_assets.sandbox.faults import Fault, FaultPlan, RequestLog, RequestRecord, measure_request
from d2_assets.sandbox.openlmis.bodies import Bodies
from d2_assets.sandbox.openlmis.endpoints import answer_json, answer_request
from d2_assets.sandbox.openlmis.state import State
from d2_assets.sandbox.sending import Receive, Send, send_answer, send_broken
from d2_assets.sandbox.server import Running, listen, serve

_REFUSALS = {"status_502": 502, "status_503": 503}


@dataclass(slots=True)
class _Application:
    """``request_cost`` is in seconds, for benchmarks."""

    bodies: Bodies
    faults: FaultPlan
    log: RequestLog
    request_cost: float = 0.0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        fault, answer = await run_in_threadpool(self._answer, request, body)
        self.log.add(
            RequestRecord(
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                username="",
                rows=0,
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
        fault = self.faults.take(ask.method, ask.path, lambda: measure_request(body, body))
        if fault is not None and (answer := _answer_instead(fault)) is not None:
            return fault, answer
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        time.sleep(self.request_cost)
        return fault, answer_request(self.bodies, ask)


@dataclass(slots=True)
class OpenLMISSandbox(Running[_Application]):
    """A running stand-in OpenLMIS over its ``state``, which tests may change."""

    state: State

    def forget_tokens(self) -> None:
        """As when the auth service is started anew: every token is unknown from now on."""
        self.state.tokens.clear()

    def set_cost(self, *, request_seconds: float = 0.0) -> None:
        """Make every request cost time: for benchmarks."""
        self._application.request_cost = request_seconds


def start_openlmis(state: State, *, port: int = 0, host: str = "127.0.0.1") -> OpenLMISSandbox:
    """Serve a state on a port, a free one when it is 0. ConfigurationError: it is taken."""
    listener: socket.socket = listen(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"
    application = _Application(Bodies(state, url), FaultPlan(), RequestLog())
    return OpenLMISSandbox(url, application, serve(application, listener), state)


def _read(request: Request, body: bytes) -> Ask:
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    return Ask(request.method, request.url.path, query, request.headers, body)


def _answer_instead(fault: Fault) -> Answer | None:
    if fault.kind in _REFUSALS:
        status = _REFUSALS[fault.kind]
        after = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
        return answer_html(status, f"<html><body><h1>{status}</h1></body></html>", **after)
    if fault.kind == "status_401":
        words = "the token"
        return answer_json({"error": "invalid_token", "error_description": words}, 401)
    if fault.kind == "reset":
        return Answer(0)
    return None
