"""Imports of metadata beyond what the recordings show; the recorded ones are in ``conformance``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from d2_assets.sandbox import EMPTY, Fault, Sandbox, start_sandbox
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.sandbox.asking import Form, ask, send
from d2_assets_tests.sandbox.conftest import NOW
from d2_assets_tests.sandbox.importing import codes, element, maintain, post, stats, unit

every_version = pytest.mark.parametrize("version", list(VERSIONS))
UNKNOWN = {"id": "NoSuchThing"}


@pytest.fixture
def version() -> str:
    return "2.42"


@pytest.fixture
def sandbox(version: str, tmp_path: Path) -> Iterator[Sandbox]:
    """A server on its first day."""
    with start_sandbox(version, tmp_path / "fresh.db", content=EMPTY, clock=lambda: NOW) as fresh:
        yield fresh


def _group(*elements: str) -> dict[str, object]:
    members = [{"id": uid} for uid in elements]
    return {"id": "ImportedGrp", "name": "G", "shortName": "G", "dataElements": members}


def _share(public: str, owner: str) -> dict[str, object]:
    return {"owner": owner, "public": public, "users": {}, "userGroups": {}}


@every_version
def test_one_bad_object_refuses_all_and_is_named(sandbox: Sandbox) -> None:
    answer = post(sandbox, {"dataElements": [element(1), element(2, categoryCombo=UNKNOWN)]})
    assert (answer.status_code, codes(answer)) == (409, ["E5002"])
    assert sandbox.store.metadata("dataElements") == []


@every_version
def test_with_none_the_good_ones_land(sandbox: Sandbox) -> None:
    bodies = [element(1), element(2, shortName=None)]
    answer = post(sandbox, {"dataElements": bodies}, atomicMode="NONE")
    assert (codes(answer), stats(answer)) == (["E4000"], {"created": 1, "ignored": 1, "total": 2})
    assert [body["id"] for body in sandbox.store.metadata("dataElements")] == ["ImportedE01"]


def test_an_object_of_the_same_request_is_a_good_reference_in_any_order(sandbox: Sandbox) -> None:
    group = {
        "id": "ImportedGrp",
        "name": "G",
        "shortName": "G",
        "dataElements": [{"id": "ImportedE01"}],
    }
    answer = post(sandbox, {"dataElementGroups": [group], "dataElements": [element(1)]})
    assert stats(answer) == {"created": 2, "total": 2}


def test_a_list_loses_what_is_missing_when_the_import_is_not_atomic(sandbox: Sandbox) -> None:
    group = _group("ImportedE01", UNKNOWN["id"])
    classes = {"dataElementGroups": [group], "dataElements": [element(1)]}
    answer = post(sandbox, classes, atomicMode="NONE")
    assert (answer.status_code, codes(answer)) == (409, ["E5002"])
    stored = sandbox.store.get_object("dataElementGroups", "ImportedGrp") or {}
    assert stored["dataElements"] == [{"id": "ImportedE01"}]


def test_a_reference_of_a_part_fails_the_request_even_if_it_is_atomic(sandbox: Sandbox) -> None:
    data_set = {
        "id": "ImportedSet",
        "name": "S",
        "shortName": "S",
        "periodType": "Monthly",
        "dataSetElements": [{"dataElement": UNKNOWN}],
    }
    answer = post(sandbox, {"dataSets": [data_set]})
    assert answer.status_code == 409
    assert "DataSetElement.dataElement" in answer.json()["message"]
    assert "response" not in answer.json()


def test_values_of_unknown_attributes_are_refused(sandbox: Sandbox) -> None:
    values = [{"attribute": UNKNOWN, "value": "1"}]
    answer = post(sandbox, {"dataElements": [element(1, attributeValues=values)]})
    assert codes(answer) == ["E5002"]


def test_two_objects_of_a_request_cannot_share_a_code(sandbox: Sandbox) -> None:
    bodies = [element(1), element(2, code="IMPORTED_1")]
    answer = post(sandbox, {"dataElements": bodies}, atomicMode="NONE")
    assert (codes(answer), stats(answer)["created"]) == (["E5003"], 1)


def test_the_second_object_of_a_uid_is_refused(sandbox: Sandbox) -> None:
    answer = post(sandbox, {"dataElements": [element(1), element(1)]}, atomicMode="NONE")
    assert (codes(answer), stats(answer)["created"]) == (["E5004"], 1)


def test_what_a_replacement_leaves_out_is_erased(sandbox: Sandbox) -> None:
    first = element(1, description="long", zeroIsSignificant=True)
    post(sandbox, {"dataElements": [first]})
    post(sandbox, {"dataElements": [element(1)]})
    stored = ask(sandbox, "/api/dataElements/ImportedE01", fields=":owner").json()
    assert "description" not in stored
    assert stored["zeroIsSignificant"] is False


def test_sharing_stays_when_an_update_does_not_tell_any(sandbox: Sandbox) -> None:
    post(sandbox, {"dataElements": [element(1, sharing=_share("r-------", "M5zQapPyTZI"))]})
    post(sandbox, {"dataElements": [element(1)]})
    stored = sandbox.store.get_object("dataElements", "ImportedE01") or {}
    assert stored["sharing"]["public"] == "r-------"


def test_created_stays_and_last_updated_is_the_server_s(sandbox: Sandbox) -> None:
    stamped = element(1, created="2001-01-01T00:00:00.000", lastUpdated="2001-01-01T00:00:00.000")
    post(sandbox, {"dataElements": [stamped]})
    post(sandbox, {"dataElements": [element(1)]})
    stored = sandbox.store.get_object("dataElements", "ImportedE01") or {}
    assert stored["created"] == "2001-01-01T00:00:00.000"
    assert stored["lastUpdated"] == "2026-11-15T12:00:00.000"
    assert stored["lastUpdatedBy"]["username"] == "admin"


def test_units_get_their_path_from_their_parents_and_move_with_them(sandbox: Sandbox) -> None:
    post(sandbox, {"organisationUnits": [unit("C", "B"), unit("B", "A"), unit("A"), unit("D")]})
    assert _path(sandbox, "C") == "/ImportedOuA/ImportedOuB/ImportedOuC"
    post(sandbox, {"organisationUnits": [unit("B", "D")]})
    assert _path(sandbox, "C") == "/ImportedOuD/ImportedOuB/ImportedOuC"
    assert ask(sandbox, "/api/organisationUnits/ImportedOuC", fields="level").json() == {"level": 3}


def _path(sandbox: Sandbox, letter: str) -> str:
    return (sandbox.store.get_object("organisationUnits", f"ImportedOu{letter}") or {})["path"]


def test_a_child_is_listed_by_its_parent(sandbox: Sandbox) -> None:
    options = [
        {"id": f"ImportedOp{n}", "name": f"O{n}", "code": f"O{n}", "sortOrder": n,
         "optionSet": {"id": "ImportedOSt"}}
        for n in (1, 2)
    ]  # fmt: skip
    option_set = {"id": "ImportedOSt", "name": "S", "valueType": "TEXT"}
    post(
        sandbox,
        {"optionSets": [option_set | {"options": [{"id": "ImportedOp1"}]}], "options": options},
    )
    stored = sandbox.store.get_object("optionSets", "ImportedOSt") or {}
    assert [one["id"] for one in stored["options"]] == ["ImportedOp1", "ImportedOp2"]
    post(sandbox, {"optionSets": [option_set]})
    assert (sandbox.store.get_object("optionSets", "ImportedOSt") or {})["version"] == 1


@pytest.mark.parametrize(
    ("version", "status"), [("2.38", 200), ("2.40", 409), ("2.42", 409), ("2.43", 200)]
)
def test_a_fresh_server_fails_the_first_data_set_until_its_caches_are_cleared(
    sandbox: Sandbox, status: int
) -> None:
    data_set = {"id": "ImportedSet", "name": "S", "shortName": "S", "periodType": "Monthly"}
    answer = post(sandbox, {"dataSets": [data_set]})
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["message"].endswith("DataSet.periodType")
    assert maintain(sandbox, cacheClear="true") == 204
    assert post(sandbox, {"dataSets": [data_set]}).status_code == 200


def test_elements_that_were_imported_take_values(sandbox: Sandbox) -> None:
    maintain(sandbox, cacheClear="true")
    data_set = {
        "id": "ImportedSet",
        "name": "S",
        "shortName": "S",
        "periodType": "Monthly",
        "organisationUnits": [{"id": "ImportedOuA"}],
        "dataSetElements": [{"dataElement": {"id": "ImportedE01"}}],
        "sharing": _share("rwrw----", "M5zQapPyTZI"),
    }
    classes = {
        "organisationUnits": [unit("A")], "dataElements": [element(1)], "dataSets": [data_set],
    }  # fmt: skip
    assert post(sandbox, classes).status_code == 200
    sandbox.set_org_units("admin", ["ImportedOuA"])
    row = {"dataElement": "ImportedE01", "period": "202610", "orgUnit": "ImportedOuA", "value": "5"}
    answer = send(sandbox, Form("ImportedSet", ("ImportedE01",), ("ImportedOuA",)), [row])
    assert answer.json()["response"]["importCount"]["imported"] == 1


def test_an_import_that_is_only_validated_changes_nothing(sandbox: Sandbox) -> None:
    revision = sandbox.store.metadata_revision
    answer = post(sandbox, {"dataElements": [element(1)]}, importMode="VALIDATE")
    assert stats(answer) == {"created": 1, "total": 1}
    assert sandbox.store.metadata_revision == revision


def test_a_fault_reports_success_of_objects_that_are_not_stored(sandbox: Sandbox) -> None:
    sandbox.add_fault(Fault("success_lost", path_prefix="/api/metadata", max_rows=1))
    answer = post(sandbox, {"dataElements": [element(1), element(2)]})
    assert (answer.status_code, stats(answer)["created"]) == (200, 2)
    assert [body["id"] for body in sandbox.store.metadata("dataElements")] == ["ImportedE01"]


@every_version
def test_event_reports_and_charts_are_views_of_event_visualizations(
    version: str, sandbox: Sandbox
) -> None:
    program = {
        "id": "ImportedPrg",
        "name": "P",
        "shortName": "P",
        "programType": "WITHOUT_REGISTRATION",
    }
    common = {"program": {"id": "ImportedPrg"}}
    answer = post(sandbox, {
        "programs": [program],
        "eventReports": [{"id": "ImportedRep", "name": "R", "type": "PIVOT_TABLE", **common}],
        "eventCharts": [{"id": "ImportedCha", "name": "C", "type": "COLUMN", **common}],
        "eventVisualizations": [{"id": "ImportedVis", "name": "V", "type": "LINE_LIST", **common}],
    })  # fmt: skip
    assert stats(answer) == {"created": 4, "total": 4}
    shown = {
        plural: [one["id"] for one in ask(sandbox, f"/api/{plural}", fields="id").json()[plural]]
        for plural in ("eventReports", "eventCharts", "eventVisualizations")
    }
    assert shown == {
        "eventReports": ["ImportedRep"],
        "eventCharts": ["ImportedCha"],
        "eventVisualizations": ["ImportedCha", "ImportedRep", "ImportedVis"],
    }
