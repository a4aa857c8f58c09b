"""What a version knows of a class and its members, as ``/api/schemas`` tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Property:
    """One member as a server describes it; ``klass`` and ``item_klass`` are full Java names."""

    name: str
    field_name: str
    collection_name: str | None
    kind: str
    klass: str
    item_kind: str | None
    item_klass: str | None
    length: int | None
    minimum: float | None
    maximum: float | None
    cascade: str | None
    is_required: bool
    is_unique: bool
    is_owned: bool
    is_persisted: bool
    is_writable: bool
    is_readable: bool
    is_embedded: bool
    is_identifiable: bool
    constants: tuple[str, ...] = ()

    @property
    def member(self) -> str:
        """The name in a JSON body: that of the collection, where it is one."""
        return self.collection_name or self.name

    @property
    def is_collection(self) -> bool:
        return self.collection_name is not None

    @property
    def target(self) -> str:
        """The full Java name of the value, or of a collection's items."""
        return self.item_klass or self.klass

    @property
    def is_reference(self) -> bool:
        """Whether the value is an object elsewhere, or a list of such."""
        return (self.item_kind or self.kind) == "REFERENCE"


@dataclass(frozen=True, slots=True)
class Schema:
    """One class of one version; ``properties`` by their names in a JSON body."""

    line: str
    klass: str
    name: str
    singular: str
    plural: str
    collection_name: str
    order: int
    endpoint: str | None
    is_metadata: bool
    is_shareable: bool
    is_embedded: bool
    is_identifiable: bool
    is_persisted: bool
    properties: Mapping[str, Property] = field(default_factory=dict)

    @property
    def short_klass(self) -> str:
        """ "DataElement"."""
        return self.klass.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Schemas:
    """The classes of one version, by plural ("dataElements") and by full Java name."""

    by_plural: Mapping[str, Schema]
    by_klass: Mapping[str, Schema]

    def get(self, plural: str) -> Schema | None:
        return self.by_plural.get(plural)
