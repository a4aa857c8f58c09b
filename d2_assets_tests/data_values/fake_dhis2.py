"""A DHIS2 in memory behind the methods of ``DHIS2Client``: the seam where a test swaps servers.

It answers imports in the two ways of the recordings: row by row (up to 2.42), or refusing the
whole request for one wrong key (2.43). It keeps every request, and fails when it is told to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, cast

import orjson

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.dhis2.data_values import DataValueQuery
from d2_assets.dhis2.dialects import Dialect, find_dialect
from d2_assets.dhis2.metadata import CategoryCombo, DataSet, OrgUnit
from d2_assets.dhis2.metadata_objects import Identity, OptionCombo
from d2_assets.dhis2.reports import Conflict, ImportCount, ImportReport
from d2_assets.dhis2.system import Account, OrgUnitReference, SystemInfo
from d2_assets.errors import D2AssetsError
from d2_assets.periods import find_period
from d2_assets_tests.data_values.builders import CATEGORY_COMBOS, COUNTRY, DATA_SETS, UNITS, Row

Key = tuple[str, str, str, str, str]

_WIRE = {
    "dataElement": "data_element",
    "period": "period",
    "orgUnit": "org_unit",
    "categoryOptionCombo": "category_option_combo",
    "attributeOptionCombo": "attribute_option_combo",
    "value": "value",
    "comment": "comment",
    "followup": "followup",
    "deleted": "deleted",
}


def key_of(row: Mapping[str, Any]) -> Key:
    """Data element, period, org unit and both option combos of a row."""
    return tuple(row[name] for name in list(_WIRE.values())[:5])


def registration_key(item: CompletenessRegistration) -> tuple[str, str, str, str]:
    return item.data_set, item.period, item.org_unit, item.attribute_option_combo


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one import: ``error`` after the first ``stored`` rows were stored."""

    error: D2AssetsError
    stored: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """One import as it was asked for."""

    data_set: str
    strategy: str
    rows: tuple[Row, ...]


@dataclass
class FakeDHIS2:
    """A server; all its members may be set before a test begins.

    ``guilty`` keys are refused, ``lost`` ones answered with success and not stored. ``faults``
    meet the imports in their order (None: all is well), ``read_faults`` the reads of values.
    """

    name: str = "training"
    version: str = "2.40.9.1"
    calendar: str = "iso8601"
    data_sets: Sequence[DataSet] = tuple(DATA_SETS.values())
    org_units: Sequence[OrgUnit] = tuple(UNITS.values())
    category_combos: Sequence[CategoryCombo] = CATEGORY_COMBOS
    authorities: frozenset[str] = frozenset({"F_DATAVALUE_ADD"})
    account_units: Sequence[str] = (COUNTRY,)
    values: dict[Key, Row] = field(default_factory=dict)
    registrations: dict[tuple[str, str, str, str], CompletenessRegistration] = field(
        default_factory=dict
    )
    guilty: set[Key] = field(default_factory=set)
    lost: set[Key] = field(default_factory=set)
    refused_registrations: set[tuple[str, str, str, str]] = field(default_factory=set)
    faults: list[Fault | None] = field(default_factory=list)
    read_faults: list[D2AssetsError | None] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    reads: list[DataValueQuery] = field(default_factory=list)
    posted_registrations: list[CompletenessRegistration] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def client(self) -> DHIS2Client:
        """This server, for those who ask for a client."""
        return cast(DHIS2Client, self)

    @property
    def url(self) -> str:
        return f"https://{self.name}.example.org"

    @property
    def dialect(self) -> Dialect:
        return find_dialect(self.version)[0]

    @property
    def dialect_warning(self) -> str | None:
        return find_dialect(self.version)[1]

    def hold(self, *rows: Row) -> None:
        """Store rows as they are."""
        for row in rows:
            self.values[key_of(row)] = {name: row[name] for name in _WIRE.values()}

    def register(self, *items: CompletenessRegistration) -> None:
        self.registrations |= {registration_key(item): item for item in items}

    def get_system_info(self) -> SystemInfo:
        return SystemInfo(
            self.version, "", "2025-11-20T10:00:00", "UTC", self.calendar, "yyyy-MM-dd", "HMIS", ""
        )

    def get_me(self) -> Account:
        known = {unit.id: unit.path for unit in self.org_units}
        units = tuple(OrgUnitReference(uid, known.get(uid, "")) for uid in self.account_units)
        return Account("AccountUid1", "mover", self.authorities, units, ())

    def list_data_sets(self, page_size: int = 500) -> list[DataSet]:
        return [replace(item, org_units=frozenset()) for item in self.data_sets]

    def list_assigned_data_sets(self, ids: Sequence[str]) -> list[DataSet]:
        return [item for item in self.data_sets if item.id in ids]

    def list_org_units(self, page_size: int = 500) -> list[OrgUnit]:
        return list(self.org_units)

    def list_identities(self, plural: str, page_size: int = 500) -> list[Identity]:
        """What data sets, elements and org units are known by here: their UID and name."""
        if plural == "dataElements":
            elements = (one for item in self.data_sets for one in item.elements)
            return [Identity(uid) for uid in sorted({one.data_element for one in elements})]
        known = {"dataSets": self.data_sets, "organisationUnits": self.org_units}
        return [Identity(one.id, name=one.name) for one in known.get(plural, ())]

    def list_option_combos(self, page_size: int = 500) -> list[OptionCombo]:
        return []

    def list_category_combos(self, page_size: int = 500) -> list[CategoryCombo]:
        return list(self.category_combos)

    def download_data_values(self, query: DataValueQuery, to: Path) -> int:
        """Every value of the data set's elements, whatever its period type, as real ones do."""
        with self.lock:
            self.reads.append(query)
            fault = self.read_faults.pop(0) if self.read_faults else None
        if fault is not None:
            raise fault
        elements = {
            link.data_element
            for item in self.data_sets
            if item.id == query.data_set
            for link in item.elements
        }
        found = [
            {wire: row[ours] for wire, ours in _WIRE.items() if row[ours] is not None}
            for row in self.values.values()
            if row["data_element"] in elements
            and self._is_covered(row["org_unit"], query.org_units, query.children)
            and _is_asked(row["period"], query)
            and (query.include_deleted or not row["deleted"])
        ]
        return to.write_bytes(orjson.dumps({"dataValues": found}))

    def post_data_values(
        self,
        *,
        data_set: str,
        rows: Sequence[Mapping[str, Any]],
        strategy: str = "CREATE_AND_UPDATE",
        dry_run: bool = False,
    ) -> ImportReport:
        """Import as the version does: refuse rows (up to 2.42), or the whole request (2.43)."""
        with self.lock:
            self.posts.append(Post(data_set, strategy, tuple(dict(row) for row in rows)))
            fault = self.faults.pop(0) if self.faults else None
            if fault is not None:
                self._store(rows[: fault.stored], strategy)
                raise fault.error
            refused = [number for number, row in enumerate(rows) if key_of(row) in self.guilty]
            if refused and self.dialect.refuses_whole_group:
                return refuse_group(len(rows))
            good = [row for number, row in enumerate(rows) if number not in refused]
            self._store(good, strategy)
            return refuse_rows(refused, len(good))

    def list_registrations(
        self,
        data_sets: Sequence[str],
        periods: Sequence[str],
        org_units: Sequence[str],
        children: bool = True,
    ) -> list[CompletenessRegistration]:
        return [
            item
            for item in self.registrations.values()
            if item.data_set in data_sets
            and item.period in periods
            and self._is_covered(item.org_unit, org_units, children)
        ]

    def post_registrations(self, registrations: Sequence[CompletenessRegistration]) -> ImportReport:
        self.posted_registrations += registrations
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            self.register(*registrations[: fault.stored])
            raise fault.error
        refused = [
            item for item in registrations if registration_key(item) in self.refused_registrations
        ]
        self.register(*(item for item in registrations if item not in refused))
        conflicts = tuple(
            Conflict(f"No write access for {item.org_unit}", object=item.org_unit)
            for item in refused
        )
        count = ImportCount(imported=len(registrations) - len(refused), ignored=len(refused))
        return ImportReport(200, "WARNING" if refused else "SUCCESS", count, conflicts)

    def _store(self, rows: Sequence[Mapping[str, Any]], strategy: str) -> None:
        for row in rows:
            if key_of(row) not in self.lost:
                deleted = strategy == "DELETE"
                value = self._stored_value(row)
                self.hold({**row, "value": value, "deleted": deleted})

    def _stored_value(self, row: Mapping[str, Any]) -> str | None:
        """The variants of true and false are stored as those words."""
        kinds = {
            link.data_element: link.value_type for item in self.data_sets for link in item.elements
        }
        if row["value"] is None or kinds.get(row["data_element"]) != "BOOLEAN":
            return row["value"]
        words = {"1": "true", "t": "true", "0": "false", "f": "false"}
        text = row["value"].lower()
        return words.get(text, text)

    def _is_covered(self, org_unit: str, asked: Sequence[str], children: bool) -> bool:
        if org_unit in asked:
            return True
        paths = {unit.id: unit.path for unit in self.org_units}
        return children and not set(asked).isdisjoint(paths.get(org_unit, "").split("/"))


def refuse_group(rows: int) -> ImportReport:
    """The answer of 2.43 to a wrong key, in words that name nobody: every row is listed."""
    conflict = Conflict("Not usable", error_code="E8099", indexes=tuple(range(rows)))
    return ImportReport(409, "ERROR", ImportCount(), (conflict,), frozenset(range(rows)))


def refuse_rows(refused: Sequence[int], landed: int) -> ImportReport:
    """The answer to rows that were looked at one by one; the good ones landed."""
    conflicts = tuple(
        Conflict("Value is not numeric", error_code="E7619", indexes=(number,))
        for number in refused
    )
    return ImportReport(
        http_status=409 if refused else 200,
        status="WARNING" if refused else "SUCCESS",
        count=ImportCount(updated=landed, ignored=len(refused)),
        conflicts=conflicts,
        rejected_indexes=frozenset(refused),
    )


def _is_asked(period: str, query: DataValueQuery) -> bool:
    if query.periods:
        return period in query.periods
    known = find_period(period)
    return (
        known is not None
        and (query.start_date is None or known.start >= query.start_date)
        and (query.end_date is None or known.end <= query.end_date)
    )
