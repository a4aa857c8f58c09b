"""``/api/schemas``: a server's own table of the classes and properties that it knows.

It tells what one version has and another lacks, what is required, and what refers to what. Two
servers' schemas and ``dialects`` together are all that translation rests on. [seen 2.38-2.43]
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from d2_assets.errors import ContractError
from d2_assets.http.session import HttpSession

_PROPERTY_FIELDS = (
    "name,collectionName,propertyType,itemPropertyType,klass,itemKlass,required,unique,owner,"
    "persisted,writable,embeddedObject,identifiableObject,min,max,length,constants"
)
_FIELDS = (
    "name,singular,plural,collectionName,klass,order,metadata,embeddedObject,identifiableObject,"
    f"shareable,relativeApiEndpoint,properties[{_PROPERTY_FIELDS}]"
)
#: Listed like any other, though ``/api/schemas`` names no endpoint: DHIS2's own apps read and
#: write them there [read].
UNTOLD_ENDPOINTS = frozenset({"expressionDimensionItems"})


@dataclass(frozen=True, slots=True)
class Property:
    """One owned property, by the member name that it has in a JSON body.

    ``klass`` and ``item_klass`` are simple Java names ("CategoryCombo", "String", "List");
    ``kind`` is DHIS2's propertyType (TEXT, CONSTANT, REFERENCE, COLLECTION, COMPLEX ...),
    ``item_kind`` that of a collection's items. ``length`` is the most characters of a text.
    """

    name: str
    kind: str
    klass: str
    item_kind: str = ""
    item_klass: str = ""
    is_required: bool = False
    is_unique: bool = False
    is_persisted: bool = True
    is_writable: bool = True
    is_embedded: bool = False
    is_identifiable: bool = False
    length: int | None = None
    constants: tuple[str, ...] = ()

    @property
    def is_collection(self) -> bool:
        return self.kind == "COLLECTION"

    @property
    def is_ordered(self) -> bool:
        """Whether the order of a collection's items says something."""
        return self.klass == "List"

    @property
    def target(self) -> str:
        """The class (Java name) of the value, or of a collection's items."""
        return self.item_klass if self.is_collection else self.klass

    @property
    def is_reference(self) -> bool:
        """Whether the value is an object elsewhere, or a list of such."""
        return (self.item_kind if self.is_collection else self.kind) == "REFERENCE"


@dataclass(frozen=True, slots=True)
class Schema:
    """One class; ``properties`` are the owned ones, by their JSON member names."""

    name: str
    plural: str
    klass: str
    order: int
    is_metadata: bool
    is_embedded: bool
    is_identifiable: bool
    is_shareable: bool
    has_endpoint: bool
    properties: Mapping[str, Property]


@dataclass(frozen=True, slots=True)
class Schemas:
    """All classes of a server, by plural ("dataElements") and by Java name ("DataElement")."""

    by_plural: Mapping[str, Schema]
    _by_klass: Mapping[str, Schema] = field(init=False)
    _by_name: Mapping[str, Schema] = field(init=False)

    def __post_init__(self) -> None:
        by_klass = {schema.klass: schema for schema in self.by_plural.values()}
        by_name = {schema.name: schema for schema in self.by_plural.values()}
        object.__setattr__(self, "_by_klass", by_klass)
        object.__setattr__(self, "_by_name", by_name)

    def get(self, plural: str) -> Schema | None:
        return self.by_plural.get(plural)

    def find_klass(self, klass: str) -> Schema | None:
        """The class of that simple Java name; None when the server describes none."""
        return self._by_klass.get(klass)

    def find_name(self, name: str) -> Schema | None:
        """The class of that plural or singular name ("dataElement")."""
        return self.by_plural.get(name) or self._by_name.get(name)

    def __iter__(self) -> Iterator[Schema]:
        return iter(self.by_plural.values())


def get_schemas(session: HttpSession) -> Schemas:
    """``GET /api/schemas`` with the owned properties of every class."""
    return parse_schemas(session.get_json("api/schemas", {"fields": _FIELDS}))


def parse_schemas(body: Any) -> Schemas:
    """The answer of ``/api/schemas``; ContractError when it holds none."""
    parsed = (_parse_schema(orjson.dumps(item, default=float)) for item in list_bodies(body))
    return Schemas({schema.plural: schema for schema in parsed})


def name_class(item: Mapping[str, Any]) -> str:
    """The plural by which a class of such an answer is asked for."""
    return str(item.get("collectionName") or item.get("plural") or item.get("name") or "")


def list_bodies(body: Any) -> Sequence[Mapping[str, Any]]:
    """The classes in an answer of ``/api/schemas``, as they came; ContractError when there are
    none."""
    found = body.get("schemas") if isinstance(body, Mapping) else None
    if not isinstance(found, list) or not found:
        raise ContractError(
            "/api/schemas lists no classes.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )
    return found


@lru_cache(maxsize=1024)
def _parse_schema(text: bytes) -> Schema:
    """Each family of a run asks anew, and servers of a version answer alike: some 120 classes."""
    item: Mapping[str, Any] = orjson.loads(text)
    properties = [_parse_property(one) for one in item.get("properties") or () if _is_owned(one)]
    plural = name_class(item)
    return Schema(
        name=str(item.get("singular") or item.get("name") or ""),
        plural=plural,
        klass=_simple(item.get("klass")),
        order=int(item.get("order") or 0),
        is_metadata=bool(item.get("metadata")),
        is_embedded=bool(item.get("embeddedObject")),
        is_identifiable=bool(item.get("identifiableObject", True)),
        is_shareable=bool(item.get("shareable")),
        has_endpoint=bool(item.get("relativeApiEndpoint")) or plural in UNTOLD_ENDPOINTS,
        properties={one.name: one for one in properties},
    )


def _is_owned(item: Mapping[str, Any]) -> bool:
    return bool(item.get("owner") or item.get("required"))


def _parse_property(item: Mapping[str, Any]) -> Property:
    # Lists of dimensions (categoryDimensions[].categoryOptions) say REFERENCE and are lists.
    is_collection = item.get("propertyType") == "COLLECTION" or bool(item.get("itemKlass"))
    length = item.get("length") or item.get("max")
    return Property(
        name=str((item.get("collectionName") if is_collection else "") or item["name"]),
        kind="COLLECTION" if is_collection else str(item.get("propertyType") or ""),
        klass=_simple(item.get("klass")),
        item_kind=str(item.get("itemPropertyType") or ""),
        item_klass=_simple(item.get("itemKlass")),
        is_required=bool(item.get("required")),
        is_unique=bool(item.get("unique")),
        is_persisted=bool(item.get("persisted", True)),
        is_writable=bool(item.get("writable", True)),
        is_embedded=bool(item.get("embeddedObject")),
        is_identifiable=bool(item.get("identifiableObject")),
        length=int(length) if length and length < 2**31 else None,
        constants=tuple(item.get("constants") or ()),
    )


def _simple(klass: str | None) -> str:
    """ "org.hisp.dhis.dataelement.DataElement" -> "DataElement"."""
    return (klass or "").rpartition(".")[2].rpartition("$")[2]
