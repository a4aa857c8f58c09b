"""Bodies read whole, un-gzipped by their first bytes, and known to be whole.

DHIS2 answers ``compression=gzip`` with a gzip body and no Content-Encoding header (seen on 2.38
to 2.43), so the bytes decide. Length, chunk ends and the gzip trailer are all checked, because a
proxy that gives up in the middle leaves no other trace.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import requests

_CHUNK_BYTES = 128 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


class CutBodyError(Exception):
    """The body ended early, or its compression is damaged."""


def iterate_body(
    response: requests.Response, count: Callable[[int], None], *, unzips: bool = True
) -> Iterator[bytes]:
    """The body's plain bytes in pieces; ``count`` is told the bytes as they came over the line.

    Without ``unzips`` they stay as they came: a stored file may itself be gzip. CutBodyError where
    gzip ends early; urllib3's ProtocolError where the transport does.
    """
    chunks = _count_chunks(response.raw.stream(_CHUNK_BYTES, decode_content=False), count)
    if not unzips:
        return chunks
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_GZIP_MAGIC):
            break
    whole = chain([head] if head else [], chunks)
    return gunzip(whole) if head.startswith(_GZIP_MAGIC) else whole


def _count_chunks(chunks: Iterable[bytes], count: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        count(len(chunk))
        yield chunk


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Plain bytes of a gzip stream of one or more members; CutBodyError if its end is missing."""
    decoder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        for chunk in chunks:
            while chunk:
                if decoder.eof:
                    decoder = zlib.decompressobj(_GZIP_WINDOW)
                plain = decoder.decompress(chunk)
                chunk = decoder.unused_data
                if plain:
                    yield plain
    except zlib.error as error:
        raise CutBodyError("the gzip body is damaged") from error
    if not decoder.eof:
        raise CutBodyError("the gzip body ended before its trailer")
