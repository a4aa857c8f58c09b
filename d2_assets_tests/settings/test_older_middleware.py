"""The older middleware's five files become settings and mapping files."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from d2_assets.cli import app
from d2_assets.errors import ConfigurationError
from d2_assets.settings import load_settings
from d2_assets.settings.older_middleware import convert_middleware
from d2_assets.stock.mapping_files import ProductKey, read_facility_file, read_product_file

_FILES = {
    "servers": "id,name,url,username,password\n"
    "s1,SIS MA,https://sisma.example.org,selv,$2a$12$hash\n",
    "datasets": "id,name,dhisDatasetId,serverId\nd1,Stock,DxDuYrrZSa7,s1\n",
    "data_elements": "id,name,source,indicator,orderable,element,datasetId,categoryCombo\n"
    "e1,BCG closing,Stock,Closing Balance,BCG,jlRZE5tTARe,d1,GSCwhT2SCCr\n"
    "e2,BCG odd,Stock,Wastage,BCG,jlRZE5tTARe,d1,\n"
    "e3,BCG named,Stock,RECEIVED,BCG,Received - BCG,d1,\n"
    "e4,BCG received,Stock,RECEIVED,BCG,bdy45DCTJLB,d1,\n"
    "e5,Lost,Stock,RECEIVED,BCG,bdy45DCTJLB,d9,\n",
    "shared_facilities": "id,code,facilityId,orgUnitId,serverId\n"
    "f1,HC01,26d0879c-3b55-4b45-bd8f-d1557be4e8c2,Zf80p5uxZzY,s1\n"
    "f2,HC02,36d0879c-3b55-4b45-bd8f-d1557be4e8c2,nowhere,s1\n",
    "schedules": "id,periodEnumerator,timeOffset,serverId,datasetId,dataElementId\n"
    "c1,MONTHLY,5,s1,d1,e1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "older"
    folder.mkdir()
    for name, text in _FILES.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def run(folder: Path, settings: Path) -> tuple[int, str]:
    options = ["--url", "https://lmis.example.org", "--username", "sync"]
    arguments = ["config", "import", str(folder), *options, "--config", str(settings)]
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_settings_and_mapping_files_come_of_it_and_can_be_read(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "instances.yaml"
    code, output = run(folder, file)
    assert code == 0, output
    settings = load_settings(file)
    assert [one.name for one in settings.instances] == ["openlmis", "sis-ma"]
    (pair,) = settings.pairs
    assert (pair.sync_type, pair.execution_mode) == ("stock", "scheduled")
    assert (pair.schedule.cron_line, pair.schedule.months) == ("0 0 1 * *", 1)
    assert pair.stock.facilities is not None
    assert pair.stock.products is not None
    facilities = read_facility_file(settings.base / pair.stock.facilities)
    assert list(facilities.targets.values()) == ["Zf80p5uxZzY"]
    products = read_product_file(settings.base / pair.stock.products)
    assert set(products.targets) == {
        ProductKey("", "BCG", "closingBalance"),
        ProductKey("", "BCG", "quantityReceived"),
    }
    assert "SIS_MA_PASSWORD" in output
    assert "$2a$" not in output + file.read_text()


def test_what_cannot_be_carried_over_is_told_line_by_line(folder: Path) -> None:
    problems = "\n".join(convert_middleware(folder, "openlmis").problems)
    for words in (
        "shared_facilities, line 3: 'nowhere' is no UID",
        "data_elements, line 3: no indicator 'Wastage'",
        "data_elements, line 4: 'Received - BCG' is no UID",
        "data_elements, line 6: there is no data set d9",
        "schedules, line 2: months begin on their first day here; the offset of 5 minutes",
    ):
        assert words in problems


def test_a_rhythm_that_is_not_monthly_is_told_and_leaves_the_pair_to_people(folder: Path) -> None:
    text = _FILES["schedules"].replace("MONTHLY,5", "Weekly,0")
    (folder / "schedules.csv").write_text(text)
    done = convert_middleware(folder, "openlmis")
    assert "execution_mode" not in done.pairs[0]
    assert any("line 2" in words and "'Weekly'" in words for words in done.problems)


def test_nothing_is_written_over(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "instances.yaml"
    (tmp_path / "products-sis-ma.csv").write_text("mine")
    code, output = run(folder, file)
    assert code != 0
    assert "exists already" in output
    assert not file.exists()
    assert (tmp_path / "products-sis-ma.csv").read_text() == "mine"


def test_a_file_or_column_that_is_missing_is_named(folder: Path) -> None:
    (folder / "servers.csv").write_text("id,name,url\n")
    with pytest.raises(ConfigurationError, match="column username is missing"):
        convert_middleware(folder, "openlmis")
    (folder / "servers.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"no servers\.csv"):
        convert_middleware(folder, "openlmis")


def test_files_may_have_their_schema_in_front_of_their_name(folder: Path) -> None:
    (folder / "servers.csv").rename(folder / "dhis2integration.server.csv")
    assert len(convert_middleware(folder, "openlmis").instances) == 1
