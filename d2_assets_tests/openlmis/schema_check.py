"""The few words of JSON Schema (draft 4) that OpenLMIS's own schemas use, and what they lack.

Null members are dropped first: services send them everywhere, and the schemas know none.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
#: What the contracts say that the published schemas get wrong: schema and member.
_MAY_BE_MISSING = {
    ("reason.json", "description"),
    ("reason.json", "isFreeTextAllowed"),
    ("lot.json", "tradeItemId"),
}
_MORE_WORDS = {"PHYSICAL_INVENTORY": {"AGGREGATION"}}


def drop_nulls(body: Any) -> Any:
    """The same without members that are null."""
    if isinstance(body, dict):
        return {name: drop_nulls(value) for name, value in body.items() if value is not None}
    return [drop_nulls(one) for one in body] if isinstance(body, list) else body


def list_mistakes(body: Any, folder: Path, file: str) -> list[str]:
    """What a schema objects to in a body."""
    return list(_walk(drop_nulls(body), {"$ref": file}, folder, "", "$"))


def _walk(
    body: Any, schema: Mapping[str, Any], folder: Path, file: str, place: str
) -> Iterator[str]:
    if "$ref" in schema:
        file = schema["$ref"]
        schema = json.loads((folder / file).read_text(encoding="utf-8"))
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is_of(body, kind) for kind in kinds):
        yield f"{place}: {body!r} is no {' or '.join(kinds)} ({file})"
        return
    words = set(schema.get("enum", ()))
    for known, more in _MORE_WORDS.items():
        words |= more if known in words else set()
    if words and body not in words:
        yield f"{place}: {body!r} is none of {sorted(words)} ({file})"
    if isinstance(body, dict):
        for name in schema.get("required", ()):
            if name not in body and (file, name) not in _MAY_BE_MISSING:
                yield f"{place}.{name} is missing ({file})"
        for name, inner in schema.get("properties", {}).items():
            if name in body:
                yield from _walk(body[name], inner, folder, file, f"{place}.{name}")
    if isinstance(body, list) and isinstance(items := schema.get("items"), dict):
        for number, one in enumerate(body):
            yield from _walk(one, items, folder, file, f"{place}[{number}]")


def _is_of(body: Any, kind: str) -> bool:
    if isinstance(body, bool):
        return kind == "boolean"
    return isinstance(body, _TYPES[kind])
