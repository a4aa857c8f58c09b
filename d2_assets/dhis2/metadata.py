"""Metadata as far as data need it, read in pages that neither lose nor repeat an object.

Without an order the pages of a list may overlap, and an object that is added or removed between
two pages moves all that follow: so lists are ordered by id and counted against the server's total.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from d2_assets.errors import ContractError, TransientError
from d2_assets.http.session import HttpSession

PAGE_SIZE = 500
_ASSIGNED_PAGE_SIZE = 10
#: Ids named in one request: keeps the URL well below 8 kB.
_IDS_A_REQUEST = 100

_DATA_SET_FIELDS = (
    "id,name,periodType,openFuturePeriods,categoryCombo[id],access[data[read,write]],"
    "dataSetElements[dataElement[id,valueType,categoryCombo[id]],categoryCombo[id]]"
)
_ORG_UNIT_FIELDS = "id,name,path,level,openingDate,closedDate"
_CATEGORY_COMBO_FIELDS = "id,categoryOptionCombos[id]"
_DATE_LENGTH = len("2010-01-01")


@dataclass(frozen=True, slots=True)
class DataSetElement:
    """An element of a data set; ``category_combo`` is the one that holds in this data set."""

    data_element: str
    value_type: str
    category_combo: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set; ``may_write`` is whether sharing lets the account write data to it."""

    id: str
    name: str
    period_type: str
    open_future_periods: int
    category_combo: str
    elements: tuple[DataSetElement, ...]
    org_units: frozenset[str]
    may_write: bool


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """An org unit; level 1 is the root, dates are ISO dates ("2010-01-01")."""

    id: str
    name: str
    path: str
    level: int
    opening_date: str | None
    closed_date: str | None


@dataclass(frozen=True, slots=True)
class CategoryCombo:
    """A category combo and the option combos that belong to it."""

    id: str
    option_combos: frozenset[str]


def list_data_sets(session: HttpSession, page_size: int = PAGE_SIZE) -> list[DataSet]:
    """Every data set that the account may read, without its org units (``org_units`` is empty)."""
    objects = iterate_objects(session, "dataSets", fields=_DATA_SET_FIELDS, page_size=page_size)
    return [parse_data_set(item) for item in objects]


def list_assigned_data_sets(session: HttpSession, ids: Sequence[str]) -> list[DataSet]:
    """Those of the data sets that the server has, with their org units.

    In small pages: the org units of all data sets of a country are millions of ids.
    """
    fields = f"{_DATA_SET_FIELDS},organisationUnits[id]"
    return [
        parse_data_set(item)
        for start in range(0, len(ids), _IDS_A_REQUEST)
        for item in iterate_objects(
            session,
            "dataSets",
            fields=fields,
            filters=[f"id:in:[{','.join(ids[start : start + _IDS_A_REQUEST])}]"],
            page_size=_ASSIGNED_PAGE_SIZE,
        )
    ]


def list_org_units(session: HttpSession, page_size: int = PAGE_SIZE) -> list[OrgUnit]:
    """Every org unit of the server."""
    objects = iterate_objects(
        session, "organisationUnits", fields=_ORG_UNIT_FIELDS, page_size=page_size
    )
    return [parse_org_unit(item) for item in objects]


def list_category_combos(session: HttpSession, page_size: int = PAGE_SIZE) -> list[CategoryCombo]:
    """Every category combo with its option combos."""
    objects = iterate_objects(
        session, "categoryCombos", fields=_CATEGORY_COMBO_FIELDS, page_size=page_size
    )
    return [parse_category_combo(item) for item in objects]


def list_elements_without_zeros(session: HttpSession, ids: Sequence[str]) -> frozenset[str]:
    """Those of the data elements for which the server drops a 0 as it comes: their
    ``zeroIsSignificant`` is false."""
    return frozenset(
        item["id"]
        for start in range(0, len(ids), _IDS_A_REQUEST)
        for item in iterate_objects(
            session,
            "dataElements",
            fields="id,zeroIsSignificant",
            filters=[f"id:in:[{','.join(ids[start : start + _IDS_A_REQUEST])}]"],
        )
        if item.get("zeroIsSignificant") is False
    )


def find_default_option_combo(session: HttpSession) -> str | None:
    """The option combo of data that are not broken down: the one of the name "default"."""
    found = iterate_objects(
        session, "categoryOptionCombos", fields="id,name", filters=["name:eq:default"]
    )
    return next((item["id"] for item in found if item.get("name") == "default"), None)


def iterate_objects(
    session: HttpSession,
    plural: str,
    *,
    fields: str,
    filters: Sequence[str] = (),
    page_size: int = PAGE_SIZE,
) -> Iterator[dict[str, Any]]:
    """Every object of a class (``plural`` as in the API), once each; ``fields`` must name id.

    A full page is never taken for the last one: up to 2.38 a server remembers its count for a
    minute [read], and may not have heard of what we just stored.
    TransientError if the list changed while it was read: fewer came than the server counts.
    """
    seen: set[str] = set()
    page = total = 0
    pages, is_full = 1, False
    while page < pages or is_full:
        page += 1
        answer = session.get_json(
            f"api/{plural}",
            {
                "fields": fields,
                "filter": list(filters),
                "order": "id:asc",
                "page": page,
                "pageSize": page_size,
            },
        )
        objects, pages, total = parse_page(answer, plural)
        before = len(seen)
        for item in objects:
            if item["id"] not in seen:
                seen.add(item["id"])
                yield item
        is_full = len(objects) == page_size and len(seen) > before
    if len(seen) < total:
        raise TransientError(
            f"{session.base_url}/api/{plural} counts {total} objects and gave {len(seen)}: "
            "the list changed while it was read.",
            remedy="Run again when nobody edits metadata there.",
        )


def parse_page(body: Any, plural: str) -> tuple[list[dict[str, Any]], int, int]:
    """The objects of one page, the number of pages, and of all objects."""
    objects = body.get(plural) if isinstance(body, Mapping) else None
    if not isinstance(objects, list) or not all("id" in item for item in objects):
        raise ContractError(
            f"/api/{plural} answered without a list of {plural} with ids.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )
    pager = body.get("pager") or {}
    return objects, int(pager.get("pageCount") or 1), int(pager.get("total") or len(objects))


def parse_data_set(item: Mapping[str, Any]) -> DataSet:
    """A data set as asked for; ContractError names a member that is missing."""
    try:
        return DataSet(
            id=item["id"],
            name=item["name"],
            period_type=item["periodType"],
            open_future_periods=int(item.get("openFuturePeriods") or 0),
            category_combo=item["categoryCombo"]["id"],
            elements=tuple(_parse_element(link) for link in item.get("dataSetElements") or ()),
            org_units=frozenset(intern(unit["id"]) for unit in item.get("organisationUnits") or ()),
            may_write=_may_write(item),
        )
    except KeyError as missing:
        raise _lacks("data set", item, missing) from missing


def parse_org_unit(item: Mapping[str, Any]) -> OrgUnit:
    """An org unit as asked for; ContractError names a member that is missing."""
    try:
        path = item["path"]
        return OrgUnit(
            id=item["id"],
            name=item.get("name") or item["id"],
            path=path,
            level=int(item.get("level") or path.count("/")),
            opening_date=_parse_date(item.get("openingDate")),
            closed_date=_parse_date(item.get("closedDate")),
        )
    except KeyError as missing:
        raise _lacks("organisation unit", item, missing) from missing


def parse_category_combo(item: Mapping[str, Any]) -> CategoryCombo:
    """A category combo as asked for; one without option combos has an empty set."""
    option_combos = item.get("categoryOptionCombos") or ()
    return CategoryCombo(item["id"], frozenset(combo["id"] for combo in option_combos))


def _parse_element(link: Mapping[str, Any]) -> DataSetElement:
    element = link["dataElement"]
    combo = link.get("categoryCombo") or element["categoryCombo"]
    return DataSetElement(element["id"], element["valueType"], combo["id"])


def _may_write(item: Mapping[str, Any]) -> bool:
    """Servers without data sharing for the class leave ``access.data`` out: nothing forbids."""
    data = (item.get("access") or {}).get("data") or {}
    return bool(data.get("write", True))


def _parse_date(stamp: str | None) -> str | None:
    return stamp[:_DATE_LENGTH] if stamp else None


def _lacks(kind: str, item: Mapping[str, Any], missing: KeyError) -> ContractError:
    return ContractError(
        f"The {kind} {item.get('id')} came without {missing}.",
        remedy="Let the account read the whole object: sharing may hide parts of it.",
    )
