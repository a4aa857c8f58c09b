import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from d2_assets.http.redaction import HIDDEN, Redactor

LETTERS = st.text(alphabet="abcdefXYZ0123456789&?%/+ é", min_size=4, max_size=20)
PRINTABLE = st.characters(exclude_categories=["C"])
PASSWORD = "s3cret/ü?&%\"' ع𝄞"

#: How servers, proxies and libraries write what they were sent.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a URL": quote,
    "in a query": lambda text: quote(text, safe=""),
    "in a form": quote_plus,
    "in small hexadecimals": lambda text: quote(text, safe="").lower(),
    "in a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "in JSON": json.dumps,
    "in JSON as Unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "in JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "in HTML": html.escape,
    "in HTML in HTML": lambda text: html.escape(html.escape(text)),
    "in HTML with numbers": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "in Python": repr,
    "in Python's ASCII": ascii,
    "in Python's bytes": lambda text: repr(text.encode()),
    "read as Latin-1": lambda text: text.encode().decode("latin-1"),
    "with what cannot be read": lambda text: text.encode().decode("ascii", "replace"),
    "with what cannot be written": lambda text: text.encode("ascii", "replace").decode(),
    "in capitals": str.upper,
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().strip("="),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_hidden_however_it_is_spelt(spell: Callable[[str], str]) -> None:
    hidden = Redactor([PASSWORD])(f"The words\t{spell(PASSWORD)}\twere sent.")
    before, middle, after = hidden.split("\t")
    assert middle.strip("b'\"\\&quotamp;") == HIDDEN
    assert (before, after) == ("The words", "were sent.")


@pytest.mark.parametrize(
    "text",
    [
        "bad token 'district…'",
        "bad token 'dist…'",
        "bad token dist...",
        "bad token dist[cut]",
        "bad token (dist)",
        "bad token dist",
        "bad token district-s and so on",
        "bad token district%2",
        "bad token DISTRICT-SEC***",
    ],
)
def test_a_secret_that_is_quoted_in_part_is_hidden(text: str) -> None:
    hidden = Redactor(["district-secret"])(text)
    assert HIDDEN in hidden
    assert "dist" not in hidden.lower()


def test_base64_that_is_quoted_in_part_is_hidden() -> None:
    encoded = base64.b64encode(b"admin:district-secret").decode()
    assert Redactor([encoded])(f"got {encoded[:20]} and more") == f"got {HIDDEN} and more"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token d2pat_5xVA12xyzUbWNedQxy4ohH77WlxRGVvZZ1151814092 here", "5xVA12"),
        ("token d2p_abcDEF123 here", "abcDEF123"),
        ("?next=%3Dd2p_abcDEF123", "abcDEF123"),
        ("{'Authorization': 'Basic YWRtaW46ZGlzdHJpY3Q='}", "YWRtaW46"),
        (r"{\"Authorization\": \"Other YWRtaW46ZGlzdHJpY3Q=\"}", "YWRtaW46"),
        ("Authorization: ApiToken abcdefg", "abcdefg"),
        ("Proxy-Authorization: Basic abc", "abc"),
        ("sent Bearer abc.def-ghi there", "abc.def"),
        ("https://admin:district@dhis2.example.org/api", "district"),
        ("https://admin:dist@rict@dhis2.example.org/api", "rict"),
        ("https://sso.example.org/?next=a&token=abc&x=1", "abc"),
        ("https://example.org/login;jsessionid=4711", "4711"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    hidden = Redactor()(text)
    assert secret not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "GET https://dhis2.example.org/api/me: Basic data for the account admin",
        "The authorization failed for organisation units of the district hospital.",
        "Write to x@example.org, or look at https://dhis2.example.org/api?paging=false",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert Redactor(["", "s3cret", "distance-secret"])(text) == text


def test_a_secret_of_a_letter_or_two_hides_only_where_it_stands_alone() -> None:
    redact = Redactor(["a", "no"])
    assert redact("The password 'a' and the word no: nothing about banana.") == (
        f"The password '{HIDDEN}' and the word {HIDDEN}: nothing about banana."
    )


def test_a_text_of_megabytes_is_read_once_for_each_form() -> None:
    text = "Value #1 of the distant hospital is dist or secret. " * 20_000
    assert Redactor(["district-secret", "d2pat_" + "aB3" * 18])(text) == text


@given(st.lists(LETTERS, min_size=1, max_size=4), LETTERS, LETTERS)
def test_a_given_secret_never_shows(secrets: list[str], before: str, after: str) -> None:
    assume(secrets[0].strip())
    hidden = Redactor(secrets)(f"{before}<{secrets[0]}>{after}")
    assert f"<{secrets[0]}>" not in hidden


@settings(max_examples=50)
@given(st.text(PRINTABLE, min_size=4), st.sampled_from(sorted(SPELLINGS)))
def test_no_spelling_of_any_secret_shows(secret: str, spelling: str) -> None:
    assume(any(letter.isalnum() for letter in secret))
    try:
        spelt = SPELLINGS[spelling](secret)
    except UnicodeEncodeError:  # half of a surrogate pair is no text that can be sent
        return
    assert f"<{spelt}>" not in Redactor([secret])(f"<{spelt}>")
