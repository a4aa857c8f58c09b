import base64

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.http.auth import BasicAuth, TokenAuth


def test_passwords_are_sent_in_utf_8():
    auth = BasicAuth("admin", "pässwörd")
    sent = base64.b64decode(auth.authorization.removeprefix("Basic "))
    assert sent.decode("utf-8") == "admin:pässwörd"


def test_no_representation_shows_a_secret():
    assert "pässwörd" not in repr(BasicAuth("admin", "pässwörd"))
    assert "abc123" not in repr(TokenAuth("d2pat_abc123"))


@pytest.mark.parametrize("token", ["d2pat_abc\n", "two words", "é"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    with pytest.raises(ConfigurationError) as caught:
        TokenAuth(token)
    assert token not in str(caught.value)


@pytest.mark.parametrize("username", ["", "a:b"])
def test_a_username_that_basic_authentication_cannot_carry_is_refused(username):
    with pytest.raises(ConfigurationError):
        BasicAuth(username, "x")


def test_a_password_that_is_no_text_is_refused_without_showing_it():
    with pytest.raises(ConfigurationError, match="not UTF-8 text") as caught:
        BasicAuth("admin", "dist\udcffrict")
    assert "dist" not in str(caught.value)
    assert caught.value.__suppress_context__
