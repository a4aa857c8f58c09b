import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from d2_assets.settings.addresses import is_loopback, normalise_url


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HTTPS://Hmis.Example.ORG/", "https://hmis.example.org"),
        ("https://hmis.example.org:443/dhis/", "https://hmis.example.org/dhis"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://hmis.example.org/Dhis/api/", "https://hmis.example.org/Dhis"),
        ("https://hmis.example.org/api", "https://hmis.example.org"),
        ("  https://hmis.example.org ", "https://hmis.example.org"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_two_spellings_of_an_address_are_one(written: str, normal: str) -> None:
    assert normalise_url(written) == normal


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("hmis.example.org", "not a web address"),
        ("ftp://hmis.example.org", "not a web address"),
        ("https://", "not a web address"),
        ("https://hmis example.org", "not a web address"),
        ("https://hmis.example.org:many", "malformed"),
        ("https://[::1", "malformed"),
        ("https://hmis.example.org/#/login", "after ? or #"),
        ("https://hmis.example.org/?lang=fr", "after ? or #"),
    ],
)
def test_what_is_no_address_of_a_server_is_refused(written: str, words: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        normalise_url(written)
    assert words in caught.value.message()


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(PydanticCustomError) as caught:
        normalise_url("https://admin:hunter2@hmis.example.org")
    context = caught.value.context or {}
    assert "password_env" in context["mend"]
    assert "hunter2" not in str(context)


@given(
    scheme=st.sampled_from(["http", "HTTPS"]),
    host=st.sampled_from(["Hmis.Example.org", "localhost", "10.0.0.7", "[::1]"]),
    port=st.sampled_from(["", ":80", ":443", ":8080"]),
    path=st.sampled_from(["", "/", "/dhis", "/dhis/", "/api", "/a/b/api/"]),
)
def test_a_normal_address_is_normal_already(scheme: str, host: str, port: str, path: str) -> None:
    normal = normalise_url(f"{scheme}://{host}{port}{path}")
    assert normalise_url(normal) == normal


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8080", True),
        ("http://dhis.localhost", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:8080", True),
        ("http://10.0.0.7", False),
        ("http://localhost.example.org", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
