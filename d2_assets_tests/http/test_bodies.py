import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.http.bodies import CutBodyError, gunzip


def _split(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_any_chunking_gives_the_same_bytes(plain, size):
    assert b"".join(gunzip(_split(gzip.compress(plain), size))) == plain


@given(st.binary(min_size=1, max_size=500), st.integers(1, 20), st.data())
def test_every_cut_is_seen(plain, size, data):
    body = gzip.compress(plain)
    end = data.draw(st.integers(2, len(body) - 1))
    with pytest.raises(CutBodyError):
        list(gunzip(_split(body[:end], size)))


def test_several_members_are_one_body():
    assert b"".join(gunzip([gzip.compress(b"ab") + gzip.compress(b"cd")])) == b"abcd"


def test_damage_is_seen():
    body = bytearray(gzip.compress(b"x" * 100))
    body[-6] ^= 0xFF
    with pytest.raises(CutBodyError):
        list(gunzip([bytes(body)]))
