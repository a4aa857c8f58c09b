"""Placeholders of template packages, such as ``<OU_ROOT_UID>``: a person has to put a UID there.

A server refuses or drops what names one [seen]. Where an org unit is merely assigned it is left
out; anywhere else the object waits, since it would land without a part of its meaning.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*>")
_IN_EXPRESSION = re.compile(r"[{.:]\s*(<[A-Z][A-Z0-9_]*>)")

#: Text for people, where ``<OTHER>`` is just a word; and what holds no UID.
_FREE_TEXT = frozenset(
    {"name", "shortName", "code", "formName", "description", "title", "subtitle", "text"}
    | {"translations", "geometry", "htmlCode", "designContent", "value", "displayName"}
)


def is_placeholder(value: Any) -> bool:
    """Whether a value is a placeholder and nothing else."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def find_placeholders(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Places and placeholders of a body: ``("organisationUnits[0].id", "<OU_ROOT_UID>")``."""
    if isinstance(value, str):
        if is_placeholder(value):
            yield path, value
        elif "<" in value:
            yield from ((path, found) for found in _IN_EXPRESSION.findall(value))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if is_placeholder(name):
                yield path, name
            if name not in _FREE_TEXT:
                yield from find_placeholders(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from find_placeholders(part, f"{path}[{index}]")


def say_placeholder(path: str, placeholder: str) -> str:
    """What to do about one."""
    return (
        f"{path} is {placeholder}, the template placeholder of a package: put a real UID in its "
        "place at the source."
    )
