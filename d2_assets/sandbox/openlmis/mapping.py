"""The mapping files from the stand-in OpenLMIS to the stand-in DHIS2, by codes.

Those of the default seed lie beside the settings file of the sandbox; ``python -m
d2_assets.sandbox.openlmis.mapping`` writes them anew.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from d2_assets.sandbox.content_bodies import Bodies
from d2_assets.sandbox.content_products import FACILITIES, list_products
from d2_assets.sandbox.content_stock import DATA_SET, INDICATORS, name_element, name_option_combo
from d2_assets.sandbox.versions import VERSIONS

FACILITY_FILE, PRODUCT_FILE = "stock_facilities.csv", "stock_products.csv"
_SEED = 2026


def write_mapping(folder: Path, seed: int = _SEED) -> None:
    """Write both files into the folder. The first facilities of both countries are the same."""
    uid = Bodies(seed, VERSIONS["2.40"]).uid
    _write(
        folder / FACILITY_FILE,
        ("openlmisCode", "dhis2OrgUnitId"),
        (
            (f"F{number:03d}", uid(f"organisationUnits/KV_F{number:05d}"))
            for number in range(1, FACILITIES + 1)
        ),
    )
    _write(
        folder / PRODUCT_FILE,
        ("programCode", "dataSetId", "productCode", "openlmisAttribute", "dhis2DeId", "dhis2CocId",
         "desc"),
        (
            (
                product.program,
                uid(f"dataSets/{DATA_SET}"),
                product.code,
                attribute,
                uid(f"dataElements/{name_element(product.code)}"),
                uid(f"categoryOptionCombos/{name_option_combo(number)}"),
                f"{product.name}: {words}",
            )
            for product in list_products()
            for number, (attribute, words) in enumerate(INDICATORS.items())
        ),
    )  # fmt: skip


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    write_mapping(Path(__file__).parent.parent)
