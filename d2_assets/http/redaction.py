"""Secrets are taken out of every text before it becomes a message or a line of a log.

Servers, proxies and libraries quote what they were sent, so it is not enough to write no secret.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"

_PATTERNS = (
    (re.compile(r"\bd2p(?:at)?_\w+"), HIDDEN),
    (re.compile(r"(?i)\b(authorization\W{1,4})(?:[a-z]+ +)?[^\s'\",}]+"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"\b(Basic|ApiToken|Bearer) +[A-Za-z0-9+/=_.~-]{6,}"), rf"\g<1> {HIDDEN}"),
    (re.compile(r"://[^\s/@'\"]+@"), f"://{HIDDEN}@"),
)


class Redactor:
    """Hides given secrets, tokens, ``Authorization`` values and credentials in URLs."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        plain = {secret for secret in secrets if secret}
        spellings = {form(secret) for secret in plain for form in (str, quote, quote_plus)}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
