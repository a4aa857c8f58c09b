"""The identifiers of DHIS2 objects, and the folder names of things that people name.

A DHIS2 server makes its UIDs of 11 letters and digits, the first of them a letter, and tells upper
from lower case. Some file systems do not tell them apart, so folder names are lower case.
"""

import hashlib
import re
import string
from random import Random

#: A UID, in the syntax that Python and DuckDB (RE2) share.
UID_PATTERN = "[A-Za-z][A-Za-z0-9]{10}"

_UID = re.compile(UID_PATTERN)
_SAFE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?")
_UNSAFE_RUN = re.compile(r"[^a-z0-9._-]+")


def is_uid(text: str) -> bool:
    """Whether the text has the form of a DHIS2 UID."""
    return _UID.fullmatch(text) is not None


def generate_uid(random: Random) -> str:
    """A new UID; the same seed gives the same UIDs."""
    alphanumeric = string.ascii_letters + string.digits
    return random.choice(string.ascii_letters) + "".join(random.choices(alphanumeric, k=10))


def make_slug(text: str) -> str:
    """A folder name of at most 64 characters that every file system and shell takes as it is.

    A name that is safe already stays itself. Any other ends in ``~`` and a hash of the whole name:
    ``~`` is never kept from a name, so different names have different folders.
    """
    if _SAFE_NAME.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    readable = _UNSAFE_RUN.sub("-", text.lower()).strip("-.")[:50]
    return f"{readable or 'unnamed'}~{digest}"
