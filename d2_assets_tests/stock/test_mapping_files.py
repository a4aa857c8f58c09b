"""Sites' own mapping files: both layouts, and what is unclear in them."""

from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.stock.mapping_files import (
    ProductKey,
    Target,
    read_facility_file,
    read_product_file,
)
from d2_assets_tests.recordings import SHARED

ELEMENT, COMBO, DATA_SET = "jlRZE5tTARe", "GSCwhT2SCCr", "DxDuYrrZSa7"
UNIT, OTHER_UNIT = "Zf80p5uxZzY", "MSU7rf6TIGv"
PEERS = SHARED / "contracts/openlmis/peer-mapping"


def write(folder: Path, *lines: str, name: str = "mapping.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_facilities_by_id_are_read_whatever_their_case(tmp_path: Path) -> None:
    path = write(tmp_path, "openlmisId,dhis2OrgUnitId", f"AB-1,{UNIT}", "", f"cd-2,{OTHER_UNIT}")
    found = read_facility_file(path)
    assert found.layout == "id"
    assert found.targets == {"ab-1": UNIT, "cd-2": OTHER_UNIT}
    assert found.lines == {"ab-1": 2, "cd-2": 4}


def test_facilities_by_code_are_read_as_they_stand(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffopenlmisCode,dhis2OrgUnitId,desc", f"HC01,{UNIT},Comfort")
    found = read_facility_file(path)
    assert (found.layout, found.targets) == ("code", {"HC01": UNIT})


def test_a_facility_with_several_org_units_has_none_until_one_is_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, "openlmisId,dhis2OrgUnitId", f"a,{UNIT}", f"a,{OTHER_UNIT}")
    unclear = read_facility_file(path).unclear["a"]
    assert (unclear.lines, unclear.targets) == ((2, 3), (UNIT, OTHER_UNIT))
    assert f"{UNIT} (line 2), {OTHER_UNIT} (line 3)" in unclear.words
    chosen = read_facility_file(path, {"A": OTHER_UNIT})
    assert chosen.targets == {"a": OTHER_UNIT}
    assert chosen.unclear == {}


def test_the_same_line_twice_says_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, "openlmisId,dhis2OrgUnitId", f"a,{UNIT}", f"A,{UNIT}")
    found = read_facility_file(path)
    assert (found.targets, found.unclear) == ({"a": UNIT}, {})


def test_products_by_id_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "productId,openlmisAttribute,dhis2DeId,dhis2CocId,datasetId",
        f"P-1,beginningBalance,{ELEMENT},{COMBO},{DATA_SET}",
    )
    found = read_product_file(path)
    key = ProductKey("", "p-1", "beginningBalance")
    assert found.targets == {key: Target(ELEMENT, COMBO, DATA_SET)}


def test_products_by_code_know_their_program_and_older_names(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "programCode,dataSetId,productCode,openlmisAttribute,dhis2DeId,dhis2CocId,desc",
        f"PRG004,{DATA_SET},MED0001,CLOSING_BALANCE,{ELEMENT},{COMBO},closing",
    )
    found = read_product_file(path)
    key = ProductKey("PRG004", "MED0001", "closingBalance")
    assert found.targets == {key: Target(ELEMENT, COMBO, DATA_SET)}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"p,beginning,{ELEMENT},{COMBO},{DATA_SET}", "line 2, column openlmisAttribute"),
        (f"p,adjustments,short,{COMBO},{DATA_SET}", "line 2, column dhis2DeId: 'short'"),
        (f"p,adjustments,{ELEMENT},{COMBO},", "line 2, column datasetId: ''"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, line: str, words: str) -> None:
    header = "productId,openlmisAttribute,dhis2DeId,dhis2CocId,datasetId"
    path = write(tmp_path, header, line)
    with pytest.raises(ConfigurationError) as caught:
        read_product_file(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_an_unknown_attribute_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    header = "productId,openlmisAttribute,dhis2DeId,dhis2CocId,datasetId"
    path = write(tmp_path, header, f"p,stock,{ELEMENT},{COMBO},{DATA_SET}")
    with pytest.raises(ConfigurationError, match="quantityReceived"):
        read_product_file(path)


def test_a_file_of_another_sort_is_told_which_columns_are_needed(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,c")
    with pytest.raises(ConfigurationError, match="openlmisId,dhis2OrgUnitId"):
        read_facility_file(path)
    with pytest.raises(ConfigurationError, match=r"nowhere\.csv cannot be read"):
        read_product_file(tmp_path / "nowhere.csv")


@pytest.mark.skipif(not PEERS.is_dir(), reason=f"no mapping files at {PEERS}")
def test_a_real_site_s_files_lose_nothing() -> None:
    facilities = read_facility_file(PEERS / "facilities.csv")
    assert (len(facilities.targets), len(facilities.unclear)) == (15, 3)
    assert sorted(len(one.targets) for one in facilities.unclear.values()) == [2, 4, 5]
    products = read_product_file(PEERS / "data_mapping.csv")
    assert len(products.targets) + len(products.unclear) == 994
    assert len(products.unclear) == 66
