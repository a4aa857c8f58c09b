import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.http.redaction import HIDDEN, Redactor

LETTERS = st.text(alphabet="abcdefXYZ0123456789&?%/+ é", min_size=4, max_size=20)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token d2pat_5xVA12xyzUbWNedQxy4ohH77WlxRGVvZZ1151814092 here", "5xVA12"),
        ("token d2p_abcDEF123 here", "abcDEF123"),
        ("{'Authorization': 'Basic YWRtaW46ZGlzdHJpY3Q='}", "YWRtaW46"),
        ("Authorization: ApiToken abcdefg", "abcdefg"),
        ("sent Bearer abc.def-ghi there", "abc.def"),
        ("https://admin:district@dhis2.example.org/api", "district"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, secret):
    hidden = Redactor()(text)
    assert secret not in hidden
    assert HIDDEN in hidden


def test_other_text_stays_as_it_is():
    text = "GET https://dhis2.example.org/api/me: Basic data for the account admin"
    assert Redactor(["", "s3cret"])(text) == text


@given(st.lists(LETTERS, min_size=1, max_size=4), LETTERS, LETTERS)
def test_a_given_secret_never_shows(secrets, before, after):
    redact = Redactor(secrets)
    hidden = redact(f"{before}\n{secrets[0]}\n{after}")
    assert secrets[0] not in hidden.split("\n")[1]
