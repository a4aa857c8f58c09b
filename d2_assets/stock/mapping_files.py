"""The CSV files in which sites say where their stock goes in DHIS2, as they have them already.

Facilities and products, each by id or by code::

    openlmisId,dhis2OrgUnitId                 productId,openlmisAttribute,dhis2DeId,dhis2CocId,datasetId
    openlmisCode,dhis2OrgUnitId               programCode,dataSetId,productCode,openlmisAttribute,
                                              dhis2DeId,dhis2CocId,desc

Real files repeat keys with other targets (66 of 994 in one site's). Nothing is overwritten and
nothing guessed: a key with several targets has none until a person decides, with all its lines
named (domain/openlmis.md, 6).
"""  # noqa: E501 - the columns are shown as they stand in the files

import csv
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from d2_assets.errors import ConfigurationError
from d2_assets.identifiers import is_uid
from d2_assets.stock.attributes import ATTRIBUTES, OLDER_NAMES, Attribute, find_attribute

Layout = Literal["id", "code"]

FACILITY_COLUMNS: Mapping[Layout, tuple[str, ...]] = {
    "id": ("openlmisId", "dhis2OrgUnitId"),
    "code": ("openlmisCode", "dhis2OrgUnitId"),
}
PRODUCT_COLUMNS: Mapping[Layout, tuple[str, ...]] = {
    "id": ("productId", "openlmisAttribute", "dhis2DeId", "dhis2CocId", "datasetId"),
    "code": (
        "programCode",
        "dataSetId",
        "productCode",
        "openlmisAttribute",
        "dhis2DeId",
        "dhis2CocId",
    ),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where one number goes in DHIS2: UIDs."""

    data_element: str
    category_option_combo: str
    data_set: str

    def __str__(self) -> str:
        return f"{self.data_element} / {self.category_option_combo} in {self.data_set}"


@dataclass(frozen=True, slots=True)
class ProductKey:
    """A product by id or code, in the program of that code or ("") in any, and one attribute."""

    program: str
    product: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """A key with several targets. ``lines`` and ``targets`` go together."""

    key: str
    lines: tuple[int, ...]
    targets: tuple[str, ...]
    words: str


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class MappingFile(Generic[K, V]):
    """What a file says: one target a key, the line it stands in, and what is unclear."""

    path: Path
    layout: Layout
    targets: Mapping[K, V]
    lines: Mapping[K, int]
    unclear: Mapping[K, Unclear]


FacilityFile = MappingFile[str, str]
ProductFile = MappingFile[ProductKey, Target]


def read_facility_file(path: Path, chosen: Mapping[str, str] | None = None) -> FacilityFile:
    """Org unit by facility id or code. ``chosen``: the org unit of a facility that has several.

    ConfigurationError names file, line and column of what cannot be read.
    """
    layout, rows = _read_rows(path, FACILITY_COLUMNS, "stock.facilities")
    key_column, unit_column = FACILITY_COLUMNS[layout]
    found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, row in rows:
        key = _normalise(row[key_column], layout)
        found[key].append((line, _check_uid(path, line, unit_column, row[unit_column])))
    chosen = {_normalise(key, layout): unit for key, unit in (chosen or {}).items()}
    for key, unit in chosen.items():
        if key in found:
            found[key] = [(line, one) for line, one in found[key] if one == unit] or found[key]
    return _settle(path, layout, found, lambda key: f"facility {key}")


def read_product_file(path: Path) -> ProductFile:
    """Target by product and attribute; a name of an attribute that nobody knows is an error."""
    layout, rows = _read_rows(path, PRODUCT_COLUMNS, "stock.products")
    product, data_set = ("productId", "datasetId") if layout == "id" else (
        "productCode",
        "dataSetId",
    )  # fmt: skip
    found: defaultdict[ProductKey, list[tuple[int, Target]]] = defaultdict(list)
    for line, row in rows:
        attribute = _check_attribute(path, line, row["openlmisAttribute"])
        key = ProductKey(
            row.get("programCode", ""), _normalise(row[product], layout), attribute.name
        )
        target = Target(
            *(
                _check_uid(path, line, column, row[column])
                for column in ("dhis2DeId", "dhis2CocId", data_set)
            )
        )
        found[key].append((line, target))
    return _settle(path, layout, found, _name_product)


def _name_product(key: ProductKey) -> str:
    within = f" in program {key.program}" if key.program else ""
    return f"product {key.product}{within}, {key.attribute}"


def _settle(
    path: Path,
    layout: Layout,
    found: Mapping[K, Sequence[tuple[int, V]]],
    name: Callable[[K], str],
) -> MappingFile[K, V]:
    targets: dict[K, V] = {}
    lines: dict[K, int] = {}
    unclear: dict[K, Unclear] = {}
    for key, told in found.items():
        different = {target: line for line, target in reversed(told)}
        if len(different) == 1:
            lines[key], targets[key] = told[0]
            continue
        places = sorted((line, str(target)) for target, line in different.items())
        says = ", ".join(f"{target} (line {line})" for line, target in places)
        unclear[key] = Unclear(
            name(key),
            tuple(line for line, _ in places),
            tuple(target for _, target in places),
            f"{path.name} gives {name(key)} several targets: {says}. Keep one of these lines.",
        )
    return MappingFile(path, layout, targets, lines, unclear)


def _read_rows(
    path: Path, columns: Mapping[Layout, tuple[str, ...]], setting: str
) -> tuple[Layout, Iterator[tuple[int, Mapping[str, str]]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            layout = _find_layout(path, list(reader.fieldnames or ()), columns, setting)
            rows = [
                (reader.line_num, {name: (row[name] or "").strip() for name in columns[layout]})
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"The mapping file {path} cannot be read: {words}.",
            remedy=f"Give the path of a CSV file in UTF-8 as {setting} of the pair.",
            file=str(path),
            key=setting,
        ) from error
    return layout, ((line, row) for line, row in rows if any(row.values()))


def _find_layout(
    path: Path, header: Sequence[str], columns: Mapping[Layout, tuple[str, ...]], setting: str
) -> Layout:
    for layout, names in columns.items():
        if set(names) <= set(header):
            return layout
    raise ConfigurationError(
        f"{path}, line 1: the columns are {', '.join(header) or 'none'}.",
        remedy=" Or ".join(f"by {layout}: {','.join(names)}" for layout, names in columns.items())
        + " are needed.",
        file=str(path),
        key=setting,
    )


def _normalise(key: str, layout: Layout) -> str:
    return key.lower() if layout == "id" else key


def _check_uid(path: Path, line: int, column: str, text: str) -> str:
    if not is_uid(text):
        raise _mistake(path, line, column, f"{text!r} is not a DHIS2 UID")
    return text


def _check_attribute(path: Path, line: int, name: str) -> Attribute:
    attribute = find_attribute(name)
    if attribute is None:
        known = ", ".join([*ATTRIBUTES, *OLDER_NAMES])
        words = f"{name!r} is not an attribute of stock; known are {known}"
        raise _mistake(path, line, "openlmisAttribute", words)
    return attribute


def _mistake(path: Path, line: int, column: str, words: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}, line {line}, column {column}: {words}.",
        remedy="Mend that line.",
        file=str(path),
    )
