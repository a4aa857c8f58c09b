"""What was read is staged as it came, and nothing is planned on a file that was altered."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import CancelledError, ContractError, TransientError
from d2_assets.metadata.extract import choose_classes, load_side, stage_objects
from d2_assets_tests.metadata.classes import SCHEMAS
from d2_assets_tests.metadata.fake_server import FakeServer

BODIES = [
    {"id": "anc", "name": "Consulta pré-natal", "factor": Decimal("0.10"), "legendSets": []},
    {"id": "opd", "name": "OPD", "zeroIsSignificant": True, "translations": [{"value": "é"}]},
]


def stage(server: Any, plurals: list[str], path: Path, **more: Any) -> int:
    return stage_objects(cast(DHIS2Client, server), plurals, 500, path, **more)


def test_bodies_come_back_as_they_were_read(tmp_path: Path) -> None:
    class Server:
        def iterate_owned(self, plural: str, page_size: int) -> Iterator[dict[str, Any]]:
            return iter(BODIES if plural == "dataElements" else [])

    path = tmp_path / "source.parquet"
    assert stage(Server(), ["dataElements", "optionSets"], path) == 2
    side = load_side(path)
    assert list(side.of_class("dataElements").values()) == BODIES
    assert str(side.of_class("dataElements")["anc"]["factor"]) == "0.10"
    assert side.find("dataElements", "opd") == BODIES[1]
    assert [item.key for item in side] == [("dataElements", "anc"), ("dataElements", "opd")]
    assert side.count == 2


def test_only_classes_with_an_endpoint_are_asked_for_and_each_once() -> None:
    wanted = ["dataElements", "legends", "dataElements", "eventFilters", "optionSets"]
    assert choose_classes(SCHEMAS, wanted) == ["dataElements", "optionSets"]


def test_an_altered_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    stage(FakeServer().add("options", {"id": "a"}), ["options"], path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ContractError):
        load_side(path)


def test_a_list_that_breaks_midway_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    with pytest.raises(TransientError):
        stage(FakeServer(read_failures=[TransientError("Away.")]), ["options"], path)
    assert not list(tmp_path.iterdir())


def test_reading_stops_when_it_is_told_to(tmp_path: Path) -> None:
    def report(classes: int, objects: int) -> None:
        if classes == 1:
            raise CancelledError

    server = FakeServer().add("options", {"id": "a"}).add("optionSets", {"id": "b"})
    with pytest.raises(CancelledError):
        stage(server, ["options", "optionSets"], tmp_path / "source.parquet", report=report)
    assert not list(tmp_path.iterdir())
