"""What an HTTP answer means: nothing to object to, or the one error that follows from it.

DHIS2 answers 302 to a login page or 401 JSON without credentials, HTML for unknown paths, 400
"Checksum validation failed" for a malformed token (2.42 on; 401 before), and 409 with a report
for an import that partly landed: that last one is an answer, not an error.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import unescape
from typing import Any

from d2_assets.errors import (
    ConfigurationError,
    ContractError,
    D2AssetsError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.http.policy import (
    PASSING_WORDS,
    RETRIED_READS,
    RETRIED_WRITES,
    parse_retry_after,
)

READ_BACK = "Read the destination back before anything is sent again."
_CHECK_CREDENTIALS = "Check the username and password, or the token, of this instance."
_CHECK_ADDRESS = "Check that the instance's URL is that of DHIS2 and not of a page before it."
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: ``name`` as "GET https://…/api/me", by which account, changing anything?"""

    name: str
    account: str
    writes: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: ``content`` is the plain body, of a good read only its beginning."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def parse_json(self) -> Any:
        """The JSON body, decimal fractions as ``Decimal``. ContractError if it is none."""
        try:
            return json.loads(self.content, parse_float=Decimal)
        except ValueError as error:
            raise ContractError(f"The answer is no JSON: {error}.") from error

    def hide(self, redact: Callable[[str], str]) -> "Answer":
        """The same answer with its texts redacted: servers quote what they were sent."""
        text = self.content.decode("utf-8", "replace")
        if redact(text) == text:
            return self
        try:
            hidden = json.dumps(_redact_texts(self.parse_json(), redact), default=str)
        except ContractError:
            hidden = redact(text)
        return replace(self, content=hidden.encode())

    @property
    def is_html(self) -> bool:
        kind = self.headers.get("Content-Type", "")
        return "text/html" in kind.lower() or self.content.lstrip()[:1] == b"<"

    @property
    def is_login_page(self) -> bool:
        words = self.words.lower().replace(" ", "")
        return self.is_html and (
            b'type="password"' in self.content.lower() or "login" in words or "signin" in words
        )

    @property
    def code(self) -> str:
        """The server's own code of the error (OpenLMIS: the key of its message), empty if the
        answer has none."""
        members = self._message_members()
        return str(members.get("errorCode") or members.get("messageKey") or "")

    @property
    def words(self) -> str:
        """What the answer says about itself: its message, that of OAuth 2, a page's title, its
        first words."""
        members = self._message_members()
        if message := members.get("message") or members.get("error_description"):
            return str(message)
        found = _TITLE.search(self.content) if self.is_html else None
        text = next((group for group in found.groups() if group), b"") if found else self.content
        return " ".join(unescape(text[:200].decode("utf-8", "replace")).split())

    @property
    def said(self) -> str:
        """Status, code and words in one: "HTTP 409 E2001: At least one …"."""
        return f"HTTP {self.status}{self.code and ' ' + self.code}: {self.words or 'no words'}"

    def _message_members(self) -> Mapping[str, Any]:
        try:
            body = json.loads(self.content)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


def _redact_texts(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): _redact_texts(member, redact) for key, member in value.items()}
    if isinstance(value, list):
        return [_redact_texts(member, redact) for member in value]
    return value


def find_refusal(question: Question, answer: Answer) -> D2AssetsError | None:
    """The error that the answer means; None if its body is what was asked for.

    A write's 4xx (and 5xx) with a JSON body is not refused here: it is a report to be read.
    """
    status = answer.status
    if 300 <= status < 400:
        return _explain_redirect(question, answer)
    if refusal := _find_bad_credentials(question, answer):
        return refusal
    if status in (RETRIED_WRITES if question.writes else RETRIED_READS):
        return _explain_pause(question, answer)
    if status == 500 and not question.writes and PASSING_WORDS in answer.words:
        return _explain_pause(question, answer)
    if status == 404:
        return RejectedError(
            f"{question.name} does not exist there ({answer.said}).",
            remedy="Check the instance's URL and that its DHIS2 version has this resource.",
            status=status,
            code=answer.code,
        )
    find = _find_lost_write if question.writes else _find_refused_read
    return find(question, answer)


def _explain_redirect(question: Question, answer: Answer) -> D2AssetsError:
    target = answer.headers.get("Location", "")
    if "login" in target.lower():
        return ConfigurationError(
            f"{question.name} was sent to a login page: the {question.account} was not accepted.",
            remedy=_CHECK_CREDENTIALS,
        )
    return ConfigurationError(
        f"{question.name} was redirected (HTTP {answer.status}) to {target or 'nowhere'}. "
        "Redirects are not followed, so that credentials stay with the server they belong to.",
        remedy="If that is the right address, set it as the URL of this instance.",
    )


def _find_bad_credentials(question: Question, answer: Answer) -> ConfigurationError | None:
    if answer.status == 401 or (answer.status == 400 and "Checksum validation" in answer.words):
        return ConfigurationError(
            f"The {question.account} was refused by {question.name} ({answer.said}).",
            remedy=_CHECK_CREDENTIALS,
            status=answer.status,
        )
    if answer.status == 403:
        return ConfigurationError(
            f"The {question.account} has no right to {question.name} ({answer.said}).",
            remedy="Give the account the authority, or the sharing, that this needs.",
            status=answer.status,
        )
    return None


def _explain_pause(question: Question, answer: Answer) -> TransientError:
    wait = parse_retry_after(answer.headers.get("Retry-After", ""), answer.headers.get("Date", ""))
    return TransientError(
        f"{question.name} was turned away for now ({answer.said}).",
        remedy="Wait until the server is back, then run again.",
        status=answer.status,
        retry_after=wait,
    )


def _find_refused_read(question: Question, answer: Answer) -> D2AssetsError | None:
    if answer.status >= 400:
        return RejectedError(
            f"{question.name} was refused ({answer.said}).",
            remedy="Look for this message in the server's log if it does not explain itself.",
            status=answer.status,
            code=answer.code,
        )
    if answer.is_login_page:
        return ConfigurationError(
            f"{question.name} answered with a login page: the {question.account} was not accepted.",
            remedy=_CHECK_CREDENTIALS,
        )
    if answer.is_html:
        return ContractError(
            f"{question.name} answered with HTML instead of JSON: {answer.words!r}.",
            remedy=_CHECK_ADDRESS,
        )
    if answer.content.strip() and not answer.content.lstrip().startswith((b"{", b"[")):
        return ContractError(
            f"{question.name} answered with a text that is no JSON: {answer.words!r}.",
            remedy=_CHECK_ADDRESS,
        )
    return None


def _find_lost_write(question: Question, answer: Answer) -> D2AssetsError | None:
    has_report = bool(answer.content) and not answer.is_html and answer.status not in (502, 504)
    if has_report or answer.status == 204:
        return None
    if 400 <= answer.status < 500:
        return RejectedError(
            f"{question.name} was refused ({answer.said}).",
            remedy="If the request was too large for a proxy, send smaller chunks.",
            status=answer.status,
        )
    return OutcomeUnknownError(
        f"{question.name} was sent, and no report came back ({answer.said}).",
        remedy=READ_BACK,
        status=answer.status,
    )
