"""From numbers of products to data values: every one lands or says why not."""

from decimal import Decimal
from pathlib import Path

import pytest

from d2_assets.openlmis.reference_data import Facility, Orderable, Program
from d2_assets.stock.attributes import Indicator
from d2_assets.stock.card_months import Flows
from d2_assets.stock.consumption import Consumption, derive_consumption
from d2_assets.stock.mapping_files import read_facility_file, read_product_file
from d2_assets.stock.product_months import Product, ProductMonth
from d2_assets.stock.to_data_values import Names, StockMapping, StockValue, derive_values

UNIT = "Zf80p5uxZzY"
COMBO, DATA_SET = "GSCwhT2SCCr", "DxDuYrrZSa7"
ELEMENTS = {
    "beginningBalance": "jlRZE5tTAR0",
    "adjustments": "jlRZE5tTAR1",
    "totalLosses": "jlRZE5tTAR2",
    "monthsOfStock": "jlRZE5tTAR3",
    "averageMonthlyConsumption": "jlRZE5tTAR4",
}
NAMES = Names(
    {"f1": Facility("f1", "HC01", "Comfort", True, ("p1",)),
     "f2": Facility("f2", "HC02", "Hope", True, ("p1",))},
    {"p1": Program("p1", "MED", "Medicines", True)},
    {"o1": Orderable("o1", "MED0001", "Amoxicillin", 10),
     "o2": Orderable("o2", "MED0002", "Zinc", 10)},
)  # fmt: skip


def make_mapping(folder: Path, *attributes: str, layout: str = "id") -> StockMapping:
    facilities = folder / "facilities.csv"
    products = folder / "products.csv"
    if layout == "id":
        facilities.write_text(f"openlmisId,dhis2OrgUnitId\nf1,{UNIT}\n")
        lines = [f"o1,{name},{ELEMENTS[name]},{COMBO},{DATA_SET}" for name in attributes]
        header = "productId,openlmisAttribute,dhis2DeId,dhis2CocId,datasetId"
    else:
        facilities.write_text(f"openlmisCode,dhis2OrgUnitId\nHC01,{UNIT}\n")
        lines = [f"MED,{DATA_SET},MED0001,{name},{ELEMENTS[name]},{COMBO}," for name in attributes]
        header = "programCode,dataSetId,productCode,openlmisAttribute,dhis2DeId,dhis2CocId,desc"
    products.write_text("\n".join([header, *lines]) + "\n")
    return StockMapping(read_facility_file(facilities), read_product_file(products), NAMES)


def make_month(
    facility: str = "f1", orderable: str = "o1", *, started: bool = True, issued: int = 0
) -> ProductMonth:
    return ProductMonth(
        facility,
        "p1",
        orderable,
        "202510",
        opening_balance=20,
        closing_balance=12 - issued,
        flows=Flows(issued=issued, losses=5, negative_adjustments=-3),
        stockout_days=0,
        movements=2,
        has_started=started,
        is_withdrawn=False,
    )


def derive(
    indicator: Indicator,
    mapping: StockMapping,
    *months: ProductMonth,
    consumption: dict[Product, Consumption] | None = None,
) -> list[StockValue]:
    return list(derive_values(indicator, months, mapping, consumption))


@pytest.mark.parametrize("layout", ["id", "code"])
def test_a_mapped_number_becomes_a_value_of_its_target(tmp_path: Path, layout: str) -> None:
    mapping = make_mapping(tmp_path, "beginningBalance", layout=layout)
    (value,) = derive("opening_balance", mapping, make_month())
    assert (value.value, value.org_unit, value.code) == (20, UNIT, "")
    assert value.target is not None
    assert value.target.data_element == ELEMENTS["beginningBalance"]


def test_an_indicator_that_the_site_does_not_report_of_a_product_is_no_row(tmp_path: Path) -> None:
    assert derive("received", make_mapping(tmp_path, "beginningBalance"), make_month()) == []


def test_a_product_that_no_line_names_is_told_with_its_stock(tmp_path: Path) -> None:
    mapping = make_mapping(tmp_path, "beginningBalance")
    (value,) = derive("opening_balance", mapping, make_month(orderable="o2"))
    assert (value.code, value.value) == ("product_unmapped", None)
    assert "Mapping missing for product MED0002 Zinc at HC01 Comfort" in value.reason
    assert "12 in stock" in value.reason


def test_a_facility_that_no_line_names_is_told(tmp_path: Path) -> None:
    mapping = make_mapping(tmp_path, "beginningBalance")
    (value,) = derive("opening_balance", mapping, make_month(facility="f2"))
    assert value.code == "facility_unmapped"
    assert "HC02 Hope" in value.reason


def test_a_target_that_is_unclear_is_told_with_both_lines(tmp_path: Path) -> None:
    mapping = make_mapping(tmp_path, "beginningBalance")
    path = mapping.products.path
    path.write_text(path.read_text() + f"o1,beginningBalance,jlRZE5tTAR9,{COMBO},{DATA_SET}\n")
    doubtful = StockMapping(mapping.facilities, read_product_file(path), NAMES)
    (value,) = derive("opening_balance", doubtful, make_month())
    assert value.code == "product_unclear"
    assert "(line 2)" in value.reason
    assert "(line 3)" in value.reason


def test_losses_are_folded_into_adjustments_where_they_have_no_place(tmp_path: Path) -> None:
    (folded,) = derive("adjustments", make_mapping(tmp_path, "adjustments"), make_month())
    assert folded.value == -8
    both = make_mapping(tmp_path, "adjustments", "totalLosses")
    (kept,) = derive("adjustments", both, make_month())
    (losses,) = derive("losses", both, make_month())
    assert (kept.value, losses.value) == (-3, 5)


def test_a_product_that_never_moved_has_no_value_and_says_so(tmp_path: Path) -> None:
    mapping = make_mapping(tmp_path, "beginningBalance")
    (value,) = derive("opening_balance", mapping, make_month(started=False))
    assert (value.value, value.code) == (None, "not_started")


def test_months_of_stock_are_told_or_say_why_not(tmp_path: Path) -> None:
    mapping = make_mapping(tmp_path, "monthsOfStock")
    used, idle = make_month(issued=4), make_month()
    for month, expected, code in ((used, Decimal("2.0"), ""), (idle, None, "nothing_consumed")):
        consumption = {month.product: derive_consumption(month, [])}
        (value,) = derive("months_of_stock", mapping, month, consumption=consumption)
        assert (value.value, value.code) == (expected, code)
