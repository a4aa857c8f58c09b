"""How an answer goes over the wire: whole, or broken in one of the ways that are ordered.

Bodies are sent chunked, as DHIS2 does.
"""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from starlette.concurrency import iterate_in_threadpool

from d2_assets.sandbox.answers import Answer
from d2_assets.sandbox.faults import Fault

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_MARK = (b"x-d2-assets-sandbox", b"true")
_GZIP = b"\x1f\x8b"
#: Lingering for no time: closing the socket then sends a reset.
_NO_LINGER = struct.pack("ii", 1, 0)


async def send_answer(send: Send, answer: Answer) -> None:
    """The whole answer, piece by piece."""
    await send(_head(answer))
    async for chunk in _iterate(answer):
        if chunk:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_broken(send: Send, receive: Receive, answer: Answer, fault: Fault) -> None:
    """The answer as its fault leaves it; whole when the fault is not one of the wire's."""
    if fault.kind == "reset":
        await _reset_connection(send, receive)
    elif fault.kind not in ("cut", "cut_gzip"):
        await send_answer(send, answer)
    else:
        body = b"".join([chunk async for chunk in _iterate(answer)])
        if fault.kind == "cut_gzip" and body.startswith(_GZIP):
            await _send_cut_gzip(send, answer, body, fault)
        else:
            await _send_cut(send, answer, body, fault)


async def _send_cut(send: Send, answer: Answer, body: bytes, fault: Fault) -> None:
    """Half of the body, then nothing: the server closes the connection on an unfinished answer."""
    await send(_head(answer, _announce(body, fault)))
    half = body[: len(body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def _send_cut_gzip(send: Send, answer: Answer, body: bytes, fault: Fault) -> None:
    """A finished answer whose gzip content lacks its last third: HTTP alone cannot tell."""
    kept = body[: len(body) * 2 // 3]
    await send(_head(answer, _announce(kept, fault)))
    await send({"type": "http.response.body", "body": kept, "more_body": False})


async def _reset_connection(send: Send, receive: Receive) -> None:
    """Close the connection without a word. uvicorn keeps it behind ``send``, ASGI has no way."""
    transport = send.__self__.transport  # type: ignore[attr-defined]
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    # Returning before uvicorn knows of the loss would have it answer 500.
    while (await receive())["type"] != "http.disconnect":
        pass


def _announce(body: bytes, fault: Fault) -> tuple[tuple[bytes, bytes], ...]:
    if fault.framing == "content_length":
        return ((b"content-length", str(len(body)).encode()),)
    return ()


def _head(answer: Answer, more: tuple[tuple[bytes, bytes], ...] = ()) -> dict[str, Any]:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.body == b"" and not more:
        headers.append((b"content-length", b"0"))
    headers += [*more, _MARK]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _iterate(answer: Answer) -> AsyncIterator[bytes]:
    if isinstance(answer.body, bytes):
        yield answer.body
    else:
        async for chunk in iterate_in_threadpool(answer.body):
            yield chunk
