"""The crossing from OpenLMIS words to DHIS2's: which number of which product is which data value.

Every number of an indicator table ends here as a data value or with a reason why it is none; what
no mapping names is told with the stock that it stands for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from d2_assets.openlmis.reference_data import Facility, Orderable, Program
from d2_assets.stock.attributes import ATTRIBUTES, Indicator, folds_losses
from d2_assets.stock.consumption import Consumed, Consumption
from d2_assets.stock.mapping_files import FacilityFile, ProductFile, ProductKey, Target
from d2_assets.stock.product_months import Product, ProductMonth


@dataclass(frozen=True, slots=True)
class Names:
    """What people call things, by id."""

    facilities: Mapping[str, Facility]
    programs: Mapping[str, Program]
    orderables: Mapping[str, Orderable]

    def facility(self, uid: str) -> str:
        found = self.facilities.get(uid)
        return f"{found.code} {found.name}" if found else uid

    def orderable(self, uid: str) -> str:
        found = self.orderables.get(uid)
        return f"{found.code} {found.name}" if found else uid


@dataclass(frozen=True, slots=True)
class StockValue:
    """One number on its way to DHIS2. ``code`` and ``reason``: why it is no data value; then the
    UIDs that are not known are empty. ``value`` is None where there is nothing to send."""

    facility: str
    program: str
    orderable: str
    month: str
    attribute: str
    value: int | Decimal | None
    org_unit: str = ""
    target: Target | None = None
    code: str = ""
    reason: str = ""


class StockMapping:
    """Two mapping files over what the OpenLMIS server has: org unit and targets of a product."""

    def __init__(self, facilities: FacilityFile, products: ProductFile, names: Names) -> None:
        self.facilities = facilities
        self.products = products
        self.names = names
        self._attributes: dict[tuple[str, str], set[str]] = {}
        for key in (*products.targets, *products.unclear):
            self._attributes.setdefault((key.program, key.product), set()).add(key.attribute)

    def find_org_unit(self, facility: str) -> tuple[str, str, str]:
        """Its org unit, or why it has none: code and words."""
        found = self.names.facilities.get(facility)
        by_code = self.facilities.layout == "code"
        key = (found.code if found else "") if by_code else facility
        if key in self.facilities.targets:
            return self.facilities.targets[key], "", ""
        if key in self.facilities.unclear:
            return "", "facility_unclear", self.facilities.unclear[key].words
        words = f"Mapping missing for facility {self.names.facility(facility)}"
        return "", "facility_unmapped", f"{words}: add it to {self.facilities.path.name}."

    def list_attributes(self, program: str, orderable: str) -> frozenset[str]:
        """The attributes that are mapped, clearly or not, for a product in a program."""
        return frozenset(
            name
            for key in self._list_keys(program, orderable)
            for name in self._attributes.get(key, ())
        )

    def find_target(
        self, program: str, orderable: str, attribute: str
    ) -> tuple[Target | None, str, str]:
        """Where a number goes, or why it goes nowhere: code and words."""
        for key in self._list_keys(program, orderable):
            wanted = ProductKey(*key, attribute)
            if wanted in self.products.targets:
                return self.products.targets[wanted], "", ""
            if wanted in self.products.unclear:
                return None, "product_unclear", self.products.unclear[wanted].words
        return None, "product_unmapped", ""

    def _list_keys(self, program: str, orderable: str) -> Iterator[tuple[str, str]]:
        """What the file may call the product: in its program first, then in any."""
        if self.products.layout == "id":
            yield "", orderable
            return
        product = self.names.orderables.get(orderable)
        found = self.names.programs.get(program)
        if product is not None:
            if found is not None:
                yield found.code, product.code
            yield "", product.code


def derive_values(
    indicator: Indicator,
    months: Iterable[ProductMonth],
    mapping: StockMapping,
    consumption: Mapping[Product, Consumption] | None = None,
) -> Iterator[StockValue]:
    """The values of one indicator table: a row for each product and attribute that is mapped, and
    one with a reason for each product that is not."""
    for month in months:
        mapped = mapping.list_attributes(month.program, month.orderable)
        wanted = [name for name in sorted(mapped) if ATTRIBUTES[name].indicator == indicator]
        if not wanted and mapped:
            continue  # the site does not report this indicator of the product
        org_unit, code, reason = mapping.find_org_unit(month.facility)
        for name in wanted or [""]:
            value = _derive_value(month, name, mapped, consumption) if name else None
            yield _place(month, name, value, org_unit, (code, reason), mapping, consumption)


def _derive_value(
    month: ProductMonth,
    name: str,
    mapped: frozenset[str],
    consumption: Mapping[Product, Consumption] | None,
) -> int | Decimal | None:
    derive = ATTRIBUTES[name].derive
    if derive is None:
        found = (consumption or {}).get(month.product)
        if found is None:
            return None
        is_average = name == "averageMonthlyConsumption"
        return found.average_monthly_consumption if is_average else found.months_of_stock
    if not month.has_started:
        return None
    value = derive(month)
    return value - month.flows.losses if name == "adjustments" and folds_losses(mapped) else value


def _place(
    month: ProductMonth,
    name: str,
    value: int | Decimal | None,
    org_unit: str,
    unplaced: tuple[str, str],
    mapping: StockMapping,
    consumption: Mapping[Product, Consumption] | None,
) -> StockValue:
    target, code, reason = mapping.find_target(month.program, month.orderable, name)
    if unplaced[0]:
        code, reason = unplaced
    elif code == "product_unmapped":
        names = mapping.names
        reason = (
            f"Mapping missing for product {names.orderable(month.orderable)} at "
            f"{names.facility(month.facility)}: add it to {mapping.products.path.name}. "
            f"{month.closing_balance} in stock."
        )
    elif not code and value is None:
        code, reason = _explain_nothing(month, consumption)
    return StockValue(
        *month.product, month.month, name, value, org_unit, target, code=code, reason=reason
    )


def _explain_nothing(
    month: ProductMonth, consumption: Mapping[Product, Consumption] | None
) -> tuple[str, str]:
    found = (consumption or {}).get(month.product)
    if found is not None and found.why is Consumed.NOTHING_CONSUMED:
        return "nothing_consumed", "Nothing was consumed, so no months of stock can be told."
    return "not_started", "The product had no movement yet: it has no stock, not even 0."
