"""Secrets are taken out of every text before it becomes a message or a line of a log.

Servers, proxies and libraries quote what they were sent, so it is not enough to write no secret.
They quote it as JSON, HTML, part of a URL, base64, in the wrong encoding, or cut in the middle:
a secret is therefore looked for character by character, each in any of its spellings.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html.entities import codepoint2name

HIDDEN = "[hidden]"

#: Below this length a secret hides only where it stands alone: hiding every "a" ruins a text.
_SHORT = 4

#: A beginning of so many characters (and of half the secret) hides wherever it stands.
_TELLING = 8

#: What stands behind a text that was cut, perhaps in the middle of an escaped character.
_CUT = re.compile(
    r"(?:%[0-9a-f]?|\\u?[0-9a-f]{0,3}|&#?\w{0,6})?(?:…|\.\.|\[|\*|[)'\"<\ufffd]|$)", re.IGNORECASE
)

#: What every such text has in small letters (looked for first, it is quick), pattern, replacement.
_PATTERNS = (
    ("d2p", re.compile(r"d2p(?:at)?_\w+"), HIDDEN),
    (
        "authorization",
        re.compile(r"(?i)(authorization['\"\\\s]*[:=]['\"\\\s]*)(?:[a-z]+ +)?[^\s'\",}]+"),
        rf"\g<1>{HIDDEN}",
    ),
    (
        "",
        re.compile(r"\b(Basic|ApiToken|Bearer)(?: +|%20|\+)[A-Za-z0-9+/=_.~%-]{6,}"),
        rf"\g<1> {HIDDEN}",
    ),
    ("@", re.compile(r"://[^\s/'\"]+@"), f"://{HIDDEN}@"),
    (
        "=",
        re.compile(r"(?i)((?:password|passwd|token|secret|api_?key|jsessionid)=)[^&\s'\"]+"),
        rf"\g<1>{HIDDEN}",
    ),
)


class Redactor:
    """Hides given secrets, tokens, ``Authorization`` values and credentials in URLs."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _list_forms(secret)}
        self._secrets = [_Secret(form) for form in sorted(forms, key=len, reverse=True)]

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = secret.hide_whole(text)
        for secret in self._secrets:
            text = secret.hide_beginnings(text)
        lowered = text.lower()
        for sign, pattern, replacement in _PATTERNS:
            if sign in lowered:
                text = pattern.sub(replacement, text)
        return text


class _Secret:
    """One form of a secret, found whole, or in part: a telling beginning, or a visible cut."""

    def __init__(self, form: str) -> None:
        units = re.findall(r"\s+|\S", form)
        self._spelled = [_compile(_spell(unit)) for unit in units]
        self._whole = _Pattern(units)
        # What is shorter is told by half of it, and would hide half of the words of a language.
        self._head = _Pattern(units[:_SHORT]) if len(units) >= _TELLING else None
        self._telling = max(_TELLING, (len(units) + 1) // 2)

    def hide_whole(self, text: str) -> str:
        if not self._whole.may_stand_in(text):
            return text
        return self._whole.pattern.sub(HIDDEN, text)

    def hide_beginnings(self, text: str) -> str:
        if self._head is None or not self._head.may_stand_in(text):
            return text
        kept, place = [], 0
        for head in self._head.pattern.finditer(text):
            length, end = self._follow(text, head.start())
            if head.start() >= place and (length >= self._telling or _CUT.match(text, end)):
                kept += [text[place : head.start()], HIDDEN]
                place = end
        return "".join([*kept, text[place:]])

    def _follow(self, text: str, place: int) -> tuple[int, int]:
        """How many units of the secret stand there from its beginning on, and where they end."""
        for length, unit in enumerate(self._spelled):
            found = unit.match(text, place)
            if found is None:
                return length, place
            place = found.end()
        return len(self._spelled), place


class _Pattern:
    """Characters in any spelling. Letters and digits are always spelt as they are: their longest
    run says fast where nothing is to be found."""

    def __init__(self, units: Sequence[str]) -> None:
        spelled = "".join(map(_spell, units))
        stands_alone = len(units) < _SHORT
        self.pattern = _compile(rf"(?<!\w){spelled}(?!\w)" if stands_alone else spelled)
        self._run = max(re.findall(r"[a-z0-9]*", "".join(units).lower()), key=len)

    def may_stand_in(self, text: str) -> bool:
        return self._run in text.lower()


def _list_forms(secret: str) -> Iterator[str]:
    """The secret, its Unicode forms, its UTF-8 read as Latin-1, and its base64."""
    yield secret
    yield from (unicodedata.normalize(form, secret) for form in ("NFC", "NFD"))
    encoded = secret.encode("utf-8", "surrogatepass")
    yield encoded.decode("latin-1")
    if len(secret) >= _SHORT:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(encoded).decode("ascii").rstrip("=")


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _spell(unit: str) -> str:
    """A pattern of one character (or one run of blanks) in all the ways that it is written."""
    if unit.isspace():
        return r"(?:\s|\+|%(?:25)*(?:20|0[9ad])|&nbsp;|\\[nrt])+"
    escaped = re.escape(unit)
    if unit.isascii() and unit.isalnum():
        return escaped
    octets = unit.encode("utf-8", "surrogatepass")
    pairs = unit.encode("utf-16-be", "surrogatepass").hex()
    spellings = [
        "".join(f"%(?:25)*{octet:02x}" for octet in octets),
        "".join(rf"\\{{1,4}}u{pairs[at : at + 4]}" for at in range(0, len(pairs), 4)),
        "".join(rf"\\{{1,4}}x{octet:02x}" for octet in octets),
        rf"&(?:amp;)*\#(?:0*{ord(unit)}|x0*{ord(unit):x});",
        rf"\\{{1,4}}U{ord(unit):08x}",
        rf"\\{{1,4}}{escaped}",
    ]
    if name := codepoint2name.get(ord(unit)) or ("apos" if unit == "'" else ""):
        spellings.append(f"&(?:amp;)*{name};")
    if not unit.isascii():
        spellings += [rf"%{ord(unit):02x}", rf"\\{{1,4}}x{ord(unit):02x}", "\ufffd{1,4}", r"\?"]
    return f"(?:{'|'.join([*spellings, escaped])})"
