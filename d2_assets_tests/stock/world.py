"""Two small servers for stock: an OpenLMIS with two clinics, and a DHIS2 with a form for it.

Every clinic keeps two medicines from the first of July 2025 on; what moves after that is entered by
the tests. It is the first of December there.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import Credentials, Password
from d2_assets.sandbox import EMPTY, Sandbox, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.openlmis import OpenLMISSandbox, State, start_openlmis
from d2_assets.sandbox.openlmis.content import CLINIC, PASSWORD, REASONS, USERNAME
from d2_assets.sandbox.openlmis.state import (
    Account,
    StoredCard,
    StoredFacility,
    StoredLine,
    StoredOrderable,
    StoredProgram,
)
from d2_assets_tests.openlmis.conftest import connect

NOW = datetime(2025, 12, 1, 9, tzinfo=UTC)
TODAY = NOW.date()
MONTH = "202511"
OLDER_LAYOUT = ("OPENING_BALANCE", "RECEIVED", "ISSUED", "ADJUSTMENT", "CLOSING_BALANCE")
ATTRIBUTES = (
    "beginningBalance",
    "quantityReceived",
    "quantityDispensed",
    "totalLosses",
    "adjustments",
    "closingBalance",
    "stockoutDays",
    "averageMonthlyConsumption",
    "monthsOfStock",
)
PROGRAM = "aaaaaaaa-0000-4000-8000-000000000001"
CLINICS = {
    "F1": "bbbbbbbb-0000-4000-8000-000000000001",
    "F2": "bbbbbbbb-0000-4000-8000-000000000002",
}
PRODUCTS = {
    "P1": "cccccccc-0000-4000-8000-000000000001",
    "P2": "cccccccc-0000-4000-8000-000000000002",
}
DEFAULT = "HllvX50cXC0"
_SHARED = {"sharing": {"public": "rwrw----", "users": {}, "userGroups": {}}}
_REASONS = {reason.name: reason.id for reason in REASONS}
DAMAGE = _REASONS["Damage"]


def uid(name: str) -> str:
    """A UID that stands for a name."""
    return "S" + hashlib.sha256(name.encode()).hexdigest()[:10]


DATA_SET, ROOT = uid("stock form"), uid("country")


def make_state() -> State:
    """The clinics with 100 of each medicine since July."""
    state = State(reasons={reason.id: reason for reason in REASONS}, today=lambda: TODAY)
    state.accounts[USERNAME] = Account(PASSWORD)
    state.programs[PROGRAM] = StoredProgram(PROGRAM, "MED", "Medicines")
    for code, product in PRODUCTS.items():
        state.orderables[product] = StoredOrderable(
            product, code, f"Medicine {code}", 10, (PROGRAM,)
        )
        state.approved.add((CLINIC, PROGRAM, product))
    for code, clinic in CLINICS.items():
        state.facilities[clinic] = StoredFacility(clinic, code, "Posto", CLINIC, (PROGRAM,))
        state.add_cards(
            StoredCard(card_of(code, name), clinic, PROGRAM, product)
            for name, product in PRODUCTS.items()
        )
        for name in PRODUCTS:
            enter(state, code, name, "2025-07-01", 100, source="Central store")
    return state


def card_of(clinic: str, product: str) -> str:
    number = 10 * int(clinic[1]) + int(product[1])
    return f"dddddddd-0000-4000-8000-0000000000{number}"


def enter(
    state: State,
    clinic: str,
    product: str,
    day: str,
    quantity: int,
    reason: str = "",
    *,
    source: str = "",
) -> None:
    """A movement; without reason and source it is a count."""
    card = card_of(clinic, product)
    number = len(state.cards[card].lines)
    state.add_line(
        card,
        StoredLine(
            id=f"{card[:-4]}{number:04d}",
            occurred_date=date.fromisoformat(day),
            processed_date=f"{day}T08:{number:02d}:00.000Z",
            quantity=quantity,
            reason=_REASONS.get(reason, ""),
            source=source,
        ),
    )


def element_of(product: str, attribute: str) -> str:
    return uid(f"{product} {attribute}")


@dataclass(slots=True)
class StockWorld:
    """Both servers, and the mapping files, which tests may change before a run."""

    folder: Path
    openlmis: OpenLMISSandbox
    dhis2: Sandbox
    attributes: tuple[str, ...]
    facility_lines: list[str] = field(default_factory=list)
    product_lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facility_lines = [f"{clinic},{uid(code)}" for code, clinic in CLINICS.items()]
        self.product_lines = [
            self.map_product(product, attribute)
            for product in PRODUCTS
            for attribute in self.attributes
        ]

    @property
    def state(self) -> State:
        return self.openlmis.state

    @property
    def facilities(self) -> Path:
        return self.folder / "facilities.csv"

    @property
    def products(self) -> Path:
        return self.folder / "products.csv"

    def map_product(self, product: str, attribute: str, element: str = "") -> str:
        to = element or element_of(product, attribute)
        return f"{PRODUCTS[product]},{attribute},{to},{DEFAULT},{DATA_SET}"

    def write_mapping(self) -> None:
        for path, header, lines in (
            (self.facilities, "openlmisId,dhis2OrgUnitId", self.facility_lines),
            (
                self.products,
                "productId,openlmisAttribute,dhis2DeId,dhis2CocId,datasetId",
                self.product_lines,
            ),
        ):
            path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")

    def enter(
        self, clinic: str, product: str, day: str, quantity: int, reason: str = "Consumed"
    ) -> None:
        enter(self.state, clinic, product, day, quantity, reason)

    def connect_source(self, credentials: Credentials | None = None) -> OpenLMISClient:
        return connect(self.openlmis, credentials or Password(USERNAME, PASSWORD))

    def connect_destination(self) -> DHIS2Client:
        auth = BasicAuth("admin", read_password())
        return DHIS2Client(
            "training", HttpSession(self.dhis2.url, auth, sleep=lambda seconds: None)
        )

    def read(self, month: str = MONTH) -> dict[tuple[str, str, str], str]:
        """What DHIS2 holds of a month, by clinic, product and attribute."""
        names = {
            element_of(product, attribute): (product, attribute)
            for product in PRODUCTS
            for attribute in self.attributes
        }
        units = {uid(code): code for code in CLINICS}
        return {
            (units[value.org_unit], *names[value.data_element]): value.value or ""
            for value in self.dhis2.store.data_values(include_deleted=False)
            if value.period == month and value.data_element in names
        }

    def count_writes(self) -> int:
        return sum(
            request.method == "POST" and "dataValueSets" in request.path
            for request in self.dhis2.requests()
        )

    def change_element(self, product: str, attribute: str, **members: Any) -> None:
        wanted = element_of(product, attribute)
        body = self.dhis2.store.get_object("dataElements", wanted)
        assert body is not None
        self.dhis2.store.put_metadata("dataElements", [body | members])


@contextmanager
def open_world(
    folder: Path, version: str = "2.40", attributes: Iterable[str] = ATTRIBUTES
) -> Iterator[StockWorld]:
    """Both servers, until the block ends."""
    folder.mkdir(exist_ok=True)
    wanted = tuple(attributes)
    with (
        start_openlmis(make_state()) as openlmis,
        start_sandbox(version, folder / "dhis2.db", content=EMPTY, clock=lambda: NOW) as dhis2,
    ):
        _add_form(dhis2, wanted)
        yield StockWorld(folder, openlmis, dhis2, wanted)


def _add_form(dhis2: Sandbox, attributes: tuple[str, ...]) -> None:
    combo = dhis2.store.metadata("categoryCombos")[0]["id"]
    clinics = [uid(code) for code in CLINICS]
    units = [_make_unit(ROOT, "Country", f"/{ROOT}"), *(
        _make_unit(clinic, clinic, f"/{ROOT}/{clinic}") for clinic in clinics
    )]  # fmt: skip
    names = [f"{product} {attribute}" for product in PRODUCTS for attribute in attributes]
    elements = [
        {
            "id": uid(name),
            "name": name,
            "shortName": name,
            "valueType": "NUMBER",
            "domainType": "AGGREGATE",
            "aggregationType": "SUM",
            "zeroIsSignificant": True,
            "categoryCombo": {"id": combo},
            **_SHARED,
        }
        for name in names
    ]
    form = {
        "id": DATA_SET,
        "name": "Stock",
        "periodType": "Monthly",
        "openFuturePeriods": 1,
        "categoryCombo": {"id": combo},
        "dataSetElements": [{"dataElement": {"id": uid(name)}} for name in names],
        "organisationUnits": [{"id": clinic} for clinic in clinics],
        **_SHARED,
    }
    dhis2.store.put_metadata("organisationUnits", units)
    dhis2.store.put_metadata("dataElements", elements)
    dhis2.store.put_metadata("dataSets", [form])
    dhis2.set_org_units("admin", [ROOT])


def _make_unit(one: str, name: str, path: str) -> Mapping[str, Any]:
    parent = {} if one == ROOT else {"parent": {"id": ROOT}}
    return {
        "id": one,
        "name": name,
        "shortName": name,
        "path": path,
        "level": path.count("/"),
        "openingDate": "2020-01-01T00:00:00.000",
        **parent,
    }
