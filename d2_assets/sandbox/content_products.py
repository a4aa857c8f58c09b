"""The products of the stand-in OpenLMIS, which the stand-in DHIS2 has data elements for."""

from dataclasses import dataclass

MEDICINES, VACCINES = "MED", "EPI"

_MEDICINES = (
    "Amoxicillin 250 mg",
    "Artemether/Lumefantrine 20/120 mg",
    "Oral rehydration salts",
    "Paracétamol 500 mg",
    "Zinc 20 mg",
    "Sal ferroso 200 mg",
    "Co-trimoxazole 480 mg",
    "Magnesium sulfate",
)
_VACCINES = ("BCG", "Polio", "Measles", "Pentavalent")

#: What the sandbox has when nothing else is asked for.
FACILITIES, PRODUCTS = 6, 8


@dataclass(frozen=True, slots=True)
class Product:
    """A product that cards are kept of, in a program by its code. Of a vaccine it is a trade item;
    ``commodity`` is the vaccine itself."""

    program: str
    code: str
    name: str
    commodity: str = ""


def list_products(count: int = PRODUCTS) -> list[Product]:
    """So many products, up to four of them vaccines; at least one of each."""
    vaccines = _VACCINES[: max(1, min(count // 2, len(_VACCINES)))]
    medicines = range(max(1, count - len(vaccines)))
    return [
        *(Product(MEDICINES, f"MED{number:04d}", _name_medicine(number)) for number in medicines),
        *(Product(VACCINES, f"T-{name}", f"{name} (20 doses)", name) for name in vaccines),
    ]


def _name_medicine(number: int) -> str:
    turn, position = divmod(number, len(_MEDICINES))
    return _MEDICINES[position] + (f" ({turn + 1})" if turn else "")
