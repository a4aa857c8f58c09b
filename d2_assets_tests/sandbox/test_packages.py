"""Published packages in a store: all of them, as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from d2_assets.sandbox import EMPTY, start_sandbox
from d2_assets.sandbox.packages import load_package
from d2_assets_tests.recordings import SHARED
from d2_assets_tests.sandbox.asking import ask
from d2_assets_tests.sandbox.conftest import NOW

_PACKAGES = SHARED / "packages"
needs_packages = pytest.mark.skipif(
    not _PACKAGES.is_dir(),
    reason=f"no packages at {_PACKAGES}: set D2_ASSETS_SHARED to the shared folder",
)


def _load(tmp_path: Path, body: dict[str, Any], version: str = "2.40") -> dict[str, list[Any]]:
    with start_sandbox(version, tmp_path / "home.db", content=EMPTY, clock=lambda: NOW) as sandbox:
        load_package(sandbox.store, body)
        assert ask(sandbox, "/api/users").status_code == 200
        return {plural: sandbox.store.metadata(plural) for plural in sandbox.store.plurals}


@needs_packages
@pytest.mark.parametrize("name", ["hiv_cs_240", "lmis_stk_240", "rms_237"])
def test_every_object_of_a_real_package_is_stored_as_it_is(name: str, tmp_path: Path) -> None:
    body = json.loads((_PACKAGES / f"{name}.json").read_text("utf-8"))
    held = _load(tmp_path, body)
    for plural, objects in body.items():
        if isinstance(objects, list) and plural not in ("eventReports", "eventCharts"):
            by_uid = {one["id"]: one for one in held.get(plural, [])}
            assert [by_uid[one["id"]] for one in objects] == objects
    for one in body.get("eventReports", []):
        assert one | {"legacy": True} in held["eventVisualizations"]


def test_placeholders_are_kept_and_the_description_of_the_package_is_not_an_object(
    tmp_path: Path,
) -> None:
    unit = {"id": "<OU_ROOT_UID>", "name": "Root"}
    held = _load(tmp_path, {"package": {"name": "P"}, "system": {}, "organisationUnits": [unit]})
    assert held["organisationUnits"] == [unit]
    assert "package" not in held


def test_a_default_object_of_the_package_takes_the_place_of_the_server_s(tmp_path: Path) -> None:
    default = {"id": "DefaultOpt1", "name": "default", "code": "default"}
    held = _load(tmp_path, {"categoryOptions": [default], "categories": []})
    assert held["categoryOptions"] == [default]
    assert [one["id"] for one in held["categories"]] == ["GLevLNI9wkl"]


def test_it_says_how_many_objects_it_stored(tmp_path: Path) -> None:
    with start_sandbox("2.42", tmp_path / "a.db", content=EMPTY, clock=lambda: NOW) as sandbox:
        body = {
            "constants": [{"id": "Constant001"}, {"id": "Constant002"}],
            "eventCharts": [{"id": "EventChart1"}],
            "package": {},
        }
        assert load_package(sandbox.store, body) == 3
