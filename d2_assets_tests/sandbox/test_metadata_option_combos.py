"""Category option combos in imports: made by older servers, checked as a whole set by 2.43."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from d2_assets.sandbox import EMPTY, Sandbox, start_sandbox
from d2_assets.sandbox.metadata_combos import list_options
from d2_assets_tests.sandbox.conftest import NOW
from d2_assets_tests.sandbox.importing import codes, disaggregation, maintain, option_combos, post


@pytest.fixture
def sandbox(version: str, tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox(version, tmp_path / "fresh.db", content=EMPTY, clock=lambda: NOW) as fresh:
        yield fresh


def _made(sandbox: Sandbox) -> dict[frozenset[str], str]:
    return {
        list_options(body): body["id"]
        for body in sandbox.store.metadata("categoryOptionCombos")
        if body["name"] != "default"
    }


before_243 = pytest.mark.parametrize("version", ["2.38", "2.40", "2.42"])
from_243 = pytest.mark.parametrize("version", ["2.43"])


@before_243
def test_saving_a_combo_makes_its_option_combos(sandbox: Sandbox) -> None:
    assert post(sandbox, disaggregation()).status_code == 200
    assert len(_made(sandbox)) == 4
    assert post(sandbox, disaggregation()).status_code == 200
    assert len(_made(sandbox)) == 4


@before_243
def test_those_that_come_with_the_combo_keep_their_uids(sandbox: Sandbox) -> None:
    classes = {**disaggregation(), "categoryOptionCombos": option_combos(3)}
    assert post(sandbox, classes).status_code == 200
    made = _made(sandbox)
    assert len(made) == 4
    assert {body["id"] for body in option_combos(3)} < set(made.values())


@from_243
def test_a_combo_has_none_until_the_maintenance_call(sandbox: Sandbox) -> None:
    assert post(sandbox, disaggregation()).status_code == 200
    assert _made(sandbox) == {}
    assert maintain(sandbox, "categoryOptionComboUpdate") == 200
    assert len(_made(sandbox)) == 4
    maintain(sandbox, "categoryOptionComboUpdate")
    assert len(_made(sandbox)) == 4


@from_243
def test_the_full_set_is_taken(sandbox: Sandbox) -> None:
    classes = {**disaggregation(), "categoryOptionCombos": option_combos()}
    assert post(sandbox, classes).status_code == 200
    assert set(_made(sandbox).values()) == {body["id"] for body in option_combos()}
    assert post(sandbox, {"categoryOptionCombos": option_combos()}).status_code == 200


@from_243
def test_a_part_of_the_set_is_refused(sandbox: Sandbox) -> None:
    classes = {**disaggregation(), "categoryOptionCombos": option_combos(3)}
    assert codes(post(sandbox, classes)) == ["E1130"] * 3


@from_243
def test_options_of_another_combo_are_refused(sandbox: Sandbox) -> None:
    wrong = option_combos()
    wrong[0]["categoryOptions"] = wrong[1]["categoryOptions"]
    classes = {**disaggregation(), "categoryOptionCombos": wrong}
    assert codes(post(sandbox, classes)) == ["E1131"] * 2


@from_243
def test_new_ones_beside_those_that_are_there_are_refused(sandbox: Sandbox) -> None:
    post(sandbox, disaggregation())
    maintain(sandbox, "categoryOptionComboUpdate")
    assert codes(post(sandbox, {"categoryOptionCombos": option_combos()})) == ["E1132"] * 4
