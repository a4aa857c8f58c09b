from pathlib import Path
from typing import Any

import pytest

from d2_assets.data_values.readback import find_missing_values
from d2_assets.errors import TransientError
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    FLAG,
    MONTHLY,
    NOTE,
    Row,
    make_row,
    make_unit,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2


def _find(
    server: FakeDHIS2, folder: Path, *rows: Row, deleted: bool = False
) -> list[dict[str, Any]]:
    scratch = folder / "readback.download"
    found = find_missing_values(server.client, MONTHLY, rows, deleted=deleted, scratch=scratch)
    assert not scratch.exists()
    return [dict(row) for row in found]


def test_what_is_there_as_it_was_sent_is_not_missing(tmp_path: Path) -> None:
    server = FakeDHIS2()
    server.hold(make_row(), make_row(data_element=FLAG, value="true"))
    assert _find(server, tmp_path, make_row(), make_row(data_element=FLAG, value="1")) == []


@pytest.mark.parametrize(
    "there",
    [{"value": "6"}, {"comment": "other"}, {"followup": True}, {"deleted": True}],
)
def test_what_is_there_otherwise_is_missing(tmp_path: Path, there: dict[str, Any]) -> None:
    server = FakeDHIS2()
    server.hold(make_row(**there))
    row = make_row()
    assert _find(server, tmp_path, row) == [row]


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    server = FakeDHIS2()
    server.hold(make_row(), make_row(org_unit=CLINIC_2, data_element=NOTE))
    row = make_row(org_unit=CLINIC_2)
    assert _find(server, tmp_path, make_row(), row) == [row]


def test_a_deleted_row_is_missing_while_it_is_still_there(tmp_path: Path) -> None:
    server = FakeDHIS2()
    server.hold(make_row(), make_row(org_unit=CLINIC_2, deleted=True))
    still, gone, never = make_row(), make_row(org_unit=CLINIC_2), make_row(data_element=NOTE)
    assert _find(server, tmp_path, still, gone, never, deleted=True) == [still]


def test_many_units_are_asked_for_in_several_requests(tmp_path: Path) -> None:
    units = [make_unit(f"/Clinic{number:05}") for number in range(150)]
    server = FakeDHIS2(org_units=units)
    rows = [make_row(org_unit=unit.id) for unit in units]
    server.hold(*rows[1:])
    assert _find(server, tmp_path, *rows) == rows[:1]
    assert [len(query.org_units) for query in server.reads] == [100, 50]
    assert not any(query.children for query in server.reads)


def test_a_server_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    server = FakeDHIS2(read_faults=[TransientError("The server is not there.")])
    with pytest.raises(TransientError):
        _find(server, tmp_path, make_row(org_unit=CLINIC_1))
