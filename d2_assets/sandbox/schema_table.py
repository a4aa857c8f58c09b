"""DHIS2's classes in four versions, as ``schema_table.txt`` tells them: our own notation.

One line a member: ``name/collection=field kind length=40 required @2.40-``. A kind is a plain one
(text, date ...), ``enum:ValueType``, ``->DataElement`` (a reference), ``part:ObjectStyle`` (an
object within), or ``set<...>`` and ``list<...>`` of these. ``@2.40-`` is since, ``@-2.40`` up to a
version; without a mark it holds in all of the class's. What is not said is as for most members: see
the defaults below. Taken from the servers' own descriptions [seen 2.38-2.43], which a test holds
the table to.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from d2_assets.sandbox.schema_classes import Property, Schema, Schemas

_LINES = ("2.38", "2.40", "2.42", "2.43")
_ROOT = "org.hisp.dhis."
#: Plain kinds: DHIS2's name of the type, and its Java class unless a line says another.
_PLAIN = {
    "text": ("TEXT", "java.lang.String"),
    "identifier": ("IDENTIFIER", "java.lang.String"),
    "boolean": ("BOOLEAN", "java.lang.Boolean"),
    "integer": ("INTEGER", "java.lang.Integer"),
    "number": ("NUMBER", "java.lang.Double"),
    "date": ("DATE", "java.util.Date"),
    "url": ("URL", "java.lang.String"),
    "color": ("COLOR", "java.lang.String"),
    "email": ("EMAIL", "java.lang.String"),
    "password": ("PASSWORD", "java.lang.String"),
    "phone": ("PHONENUMBER", "java.lang.String"),
}
_JAVA = {name.rpartition(".")[2]: name for _, name in _PLAIN.values()}
_JAVA |= {"Long": "java.lang.Long", "Object": "java.lang.Object"}
_DEFAULT_LENGTHS = {"REFERENCE": 255, "DATE": 255, "BOOLEAN": 255, "COMPLEX": 255}
#: Types whose length is no most value.
_UNBOUNDED = frozenset({"REFERENCE", "DATE", "BOOLEAN", "CONSTANT"})
_COLLECTION = re.compile(r"(?:(\w+)-)?(set|list)<(.+)>")


@cache
def read_schemas(line: str) -> Schemas:
    """The classes of a version line ("2.40")."""
    found = _Reader(line).read(_list_lines())
    return Schemas(
        by_plural={schema.plural: schema for schema in found},
        by_klass={schema.klass: schema for schema in found},
    )


@cache
def _list_lines() -> tuple[str, ...]:
    text = Path(__file__).with_name("schema_table.txt").read_text("utf-8")
    lines = (line.rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _covers(marks: str, line: str) -> bool:
    """Whether marks ("@2.40-", "@-2.38,2.43-") hold for a version line; none hold for all."""
    if not marks:
        return True
    for span in marks.removeprefix("@").split(","):
        first, dash, last = span.partition("-")
        if not dash:
            last = first
        if (first or _LINES[0]) <= line <= (last or _LINES[-1]):
            return True
    return False


def _split_marks(text: str) -> tuple[str, str]:
    words, at, marks = text.rpartition("@")
    return (words.rstrip(), marks) if at else (text, "")


class _Reader:
    """Reads the table for one version."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._shared: dict[str, str] = {}
        self._packages: dict[str, str] = {}
        self._enums: dict[str, list[str]] = {}
        self._classes: dict[str, str] = {}

    def read(self, lines: tuple[str, ...]) -> list[Schema]:
        self._classes = dict(self._iterate_names(lines))
        found: list[Schema] = []
        properties: dict[str, Property] = {}
        is_known = False
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "class":
                words, marks = _split_marks(rest)
                is_known = _covers(marks, self._line) or (is_known and self._is_same(found, words))
                if _covers(marks, self._line):
                    properties = {}
                    found.append(self._make_schema(words, properties))
            elif word == "shared":
                self._shared[re.split(r"[/=]", rest.split(" ")[0])[0]] = rest
            elif word in ("package", "enum"):
                self._note(word, *rest.split(": "))
            elif is_known:
                for one in self._iterate_properties(line.strip()):
                    properties[one.member] = one
        return found

    def _iterate_names(self, lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for line in lines:
            words, marks = _split_marks(line)
            if words.startswith("class ") and _covers(marks, self._line):
                name = words.split(" ")[1]
                yield name.rpartition(".")[2], _ROOT + name

    @staticmethod
    def _is_same(found: list[Schema], words: str) -> bool:
        """A class whose line differs between versions has several, one behind the other."""
        return bool(found) and found[-1].klass == _ROOT + words.split(" ")[0]

    def _note(self, word: str, name: str, rest: str) -> None:
        if word == "package":
            root = "" if name.startswith(("java", "org.")) else _ROOT
            known = (_split_marks(one) for one in rest.split())
            self._packages |= {
                one: f"{root}{name}.{one}" for one, span in known if _covers(span, self._line)
            }
            return
        name, marks = _split_marks(name)
        if _covers(marks, self._line):
            values = (_split_marks(value) for value in rest.split())
            known = [value for value, span in values if _covers(span, self._line)]
            self._enums.setdefault(name, []).extend(known)

    def _make_schema(self, words: str, properties: dict[str, Property]) -> Schema:
        klass, plural, *flags = words.split(" ")
        values = dict(flag.split("=") for flag in flags if "=" in flag)
        short = klass.rpartition(".")[2]
        singular = values.get("singular", short[0].lower() + short[1:])
        endpoint = values.get("api") or (f"/{plural}" if "api" in flags else None)
        return Schema(
            line=self._line,
            klass=_ROOT + klass,
            name=values.get("name", singular),
            singular=singular,
            plural=plural,
            collection_name=values.get("collection", plural),
            order=int(values.get("order", 2**31 - 1)),
            endpoint=endpoint,
            is_metadata="metadata" in flags,
            is_shareable="shareable" in flags,
            is_embedded="part" in flags,
            is_identifiable="plain" not in flags,
            is_persisted="unpersisted" not in flags,
            properties=properties,
        )

    def _iterate_properties(self, text: str) -> Iterator[Property]:
        if not text.startswith("has "):
            words, marks = _split_marks(text)
            if _covers(marks, self._line):
                yield self._make_property(words)
            return
        for name in text.split()[1:]:
            name, marks = _split_marks(name)
            if _covers(marks, self._line):
                yield self._make_property(self._shared[name])

    def _make_property(self, text: str) -> Property:
        names, kind, *flags = text.split(" ")
        values = dict(flag.split("=") for flag in flags if "=" in flag)
        names, _, field_name = names.partition("=")
        name, _, collection = names.partition("/")
        typed = self._read_kind(kind)
        reference = (typed[2] or typed[0]) == "REFERENCE"
        length, minimum, maximum = _read_bounds(typed[0], flags, values)
        return Property(
            name=name,
            field_name=field_name or collection or name,
            collection_name=(collection or name) if typed[2] else None,
            kind=typed[0],
            klass=typed[1],
            item_kind=typed[2],
            item_klass=typed[3],
            length=length,
            minimum=minimum,
            maximum=maximum,
            cascade=_read_cascade(typed[0], reference, values),
            is_required="required" in flags,
            is_unique="unique" in flags,
            is_owned="unowned" not in flags,
            is_persisted="unpersisted" not in flags,
            is_writable="readonly" not in flags,
            is_readable="unreadable" not in flags,
            is_embedded="embedded" in flags,
            is_identifiable=reference != bool({"identifiable", "unidentified"} & {*flags}),
            constants=self._read_constants(kind, values),
        )

    def _read_kind(self, kind: str) -> tuple[str, str, str | None, str | None]:
        """Type and Java class of a member, and of its items where it is a collection."""
        collection = _COLLECTION.fullmatch(kind)
        if collection:
            outer, container, inner = collection.groups()
            item_kind, item_klass, _, _ = self._read_kind(inner)
            java = f"java.util.{container.capitalize()}"
            return (outer or "collection").upper(), java, item_kind, item_klass
        if kind.startswith("->"):
            return "REFERENCE", self._classes.get(kind[2:]) or self._locate(kind[2:]), None, None
        word, _, klass = kind.partition(":")
        if word in ("part", "enum"):
            return ("COMPLEX" if word == "part" else "CONSTANT"), self._locate(klass), None, None
        plain, java = _PLAIN[word]
        return plain, self._locate(klass) if klass else java, None, None

    def _locate(self, klass: str) -> str:
        return (
            self._packages.get(klass)
            or self._classes.get(klass)
            or _JAVA.get(klass)
            or _ROOT + klass
        )

    def _read_constants(self, kind: str, values: Mapping[str, str]) -> tuple[str, ...]:
        if "constants" in values:
            return tuple(values["constants"].split("|"))
        return tuple(self._enums.get(kind[5:], ())) if kind.startswith("enum:") else ()


def _read_bounds(
    kind: str, flags: list[str], values: Mapping[str, str]
) -> tuple[int | None, float | None, float | None]:
    """Length, least and most; the most is the length unless said."""
    if "uid" in flags:
        return 11, 11.0, 11.0
    said = values.get("length")
    length = _DEFAULT_LENGTHS.get(kind) if said is None else None if said == "-" else int(said)
    minimum = float(values["min"]) if "min" in values else None
    if "max" in values:
        return length, minimum, None if values["max"] == "-" else float(values["max"])
    is_bounded = length is not None and kind not in _UNBOUNDED
    return length, minimum, float(length) if is_bounded and length is not None else None


def _read_cascade(kind: str, is_reference: bool, values: Mapping[str, str]) -> str | None:
    default = "none" if is_reference and kind in ("REFERENCE", "COLLECTION") else None
    said = values.get("cascade", default)
    return None if said in (None, "-") else said.replace("_", " ")
