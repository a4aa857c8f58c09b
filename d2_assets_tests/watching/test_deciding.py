"""What a tick does, case by case."""

import pytest

from d2_assets.errors import ContractError
from d2_assets.watching.state import State
from d2_assets_tests.watching.automation_model import (
    DATA_SET,
    EVENTS,
    MONTH,
    OTHER,
    RESOURCES,
    Model,
    make_pair,
    start_run,
)


def test_a_change_starts_exactly_its_asset_and_month_after_the_delay(model: Model) -> None:
    start_run(model)
    (run,) = model.runs
    assert (run.request.assets, run.request.months) == (("data/data_values",), (MONTH,))
    assert run.request.trigger == "change"
    model.end(run, "well")
    model.wait(300)
    assert not model.tick().requests
    assert model.looked == list(RESOURCES)
    assert not model.state.changes


def test_what_came_while_the_first_change_waited_goes_along(model: Model) -> None:
    model.change(DATA_SET, MONTH)
    model.wait(300)
    model.tick()
    for resource, month in ((DATA_SET, "202405"), (OTHER, MONTH), (EVENTS, MONTH)):
        model.change(resource, month)
    model.wait(30)
    requests = model.tick().requests
    assert {(one.assets, one.months) for one in requests} == {
        (("data/data_values", "data/events"), (MONTH,)),
        (("data/data_values",), ("202405",)),
    }
    for run in model.runs:
        model.end(run, "well")
    model.tick()
    assert not model.state.changes


def test_a_pair_that_does_not_wait_starts_with_the_tick_that_saw_the_change() -> None:
    model = Model(make_pair(start="immediate"))
    model.change("class:dataElements", "202405")
    model.change(DATA_SET, MONTH)
    metadata, data = model.tick().requests
    assert metadata.assets == ("metadata/data_elements",)
    assert data.assets == ("data/data_values",)


@pytest.mark.parametrize("cursor", ["{", "[]", '{"version": 0}', '{"version": 1}', "1"])
def test_a_cursor_that_cannot_be_read_is_an_error_that_says_what_to_do(cursor: str) -> None:
    with pytest.raises(ContractError, match="cannot be read") as caught:
        State.read(cursor)
    assert "look_back_hours" in caught.value.remedy
