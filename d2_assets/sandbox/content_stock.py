"""Where stock of the stand-in OpenLMIS goes in DHIS2: one data element a product, one category
option combo an indicator, as sites have it."""

from collections.abc import Sequence

from d2_assets.sandbox.content_bodies import Bodies
from d2_assets.sandbox.content_products import list_products
from d2_assets.sandbox.content_units import Unit
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO

#: Indicator, by its name in mapping files -> what its option is called.
INDICATORS = {
    "beginningBalance": "Opening balance",
    "quantityReceived": "Quantity received",
    "quantityDispensed": "Quantity issued",
    "totalLosses": "Losses",
    "adjustments": "Adjustments",
    "closingBalance": "Closing balance",
    "stockoutDays": "Days out of stock",
    "averageMonthlyConsumption": "Average monthly consumption",
    "monthsOfStock": "Months of stock",
}
#: What the data set is called by.
DATA_SET = "STOCK"
_COMBO = "STOCK_INDICATOR"


def name_element(product: str) -> str:
    """The code of a product's data element."""
    return f"STOCK_{product.replace('-', '_').upper()}"


def name_option_combo(number: int) -> str:
    """The code of the ``number``-th indicator's category option combo, from 0."""
    return f"{_COMBO}_{number + 1}"


def add_stock(bodies: Bodies, units: Sequence[Unit]) -> None:
    """The data set that is assigned to the units, with all that it needs."""
    _add_categories(bodies)
    elements = [(name_element(one.code), one.name) for one in list_products()]
    for code, name in elements:
        # Adjustments may be below zero and averages have a decimal; a 0 is a number here.
        bodies.add(
            "dataElements", code, f"Stock: {name}", shortName=f"Stock: {name}"[:50],
            valueType="NUMBER", domainType="AGGREGATE", zeroIsSignificant=True,
            aggregationType="SUM", aggregationLevels=[], legendSets=[],
            categoryCombo=bodies.refer("categoryCombos", _COMBO),
        )  # fmt: skip
    _add_data_set(bodies, [code for code, _ in elements], units)


def _add_categories(bodies: Bodies) -> None:
    kind = {"dataDimensionType": "DISAGGREGATION"}
    codes = [name_option_combo(number) for number in range(len(INDICATORS))]
    options = bodies.refer_all("categoryOptions", codes)
    for code, name in zip(codes, INDICATORS.values(), strict=True):
        bodies.add(
            "categoryOptions", code, name, shortName=name, organisationUnits=[],
            sharing=bodies.share("r-rw----"), translations=[], style={},
            attributeValues=[],
        )  # fmt: skip
    bodies.add(
        "categories", _COMBO, "Stock indicator", shortName="Stock indicator", dataDimension=True,
        categoryOptions=options, **kind,
    )  # fmt: skip
    combo = bodies.add(
        "categoryCombos", _COMBO, "Stock indicator", skipTotal=False,
        categories=bodies.refer_all("categories", [_COMBO]), **kind,
    )  # fmt: skip
    for code, name, option in zip(codes, INDICATORS.values(), options, strict=True):
        bodies.add(
            "categoryOptionCombos", code, name, ignoreApproval=False,
            categoryCombo={"id": combo}, categoryOptions=[option],
        )  # fmt: skip


def _add_data_set(bodies: Bodies, elements: Sequence[str], units: Sequence[Unit]) -> None:
    uid = bodies.uid(f"dataSets/{DATA_SET}")
    bodies.add(
        "dataSets", DATA_SET, "Stock of medicines and vaccines", shortName="Stock",
        periodType="Monthly", categoryCombo={"id": DEFAULT_CATEGORY_COMBO}, openFuturePeriods=0,
        openPeriodsAfterCoEndDate=0, expiryDays=0, timelyDays=15, version=1, mobile=False,
        renderAsTabs=False, dataInputPeriods=[], indicators=[], legendSets=[],
        compulsoryDataElementOperands=[],
        sharing=bodies.share("r-r-----", {"ENTRY": "r-rw----", "SYNC": "rwrw----"}),
        dataSetElements=[
            {"dataSet": {"id": uid}, "dataElement": bodies.refer("dataElements", code)}
            for code in elements
        ],
        organisationUnits=[{"id": unit.id} for unit in units],
    )  # fmt: skip
