"""What a tick asks the source, and what it does when that does not answer."""

from dataclasses import replace

from d2_assets.errors import ConfigurationError, RejectedError, TransientError
from d2_assets_tests.watching.automation_model import (
    DATA_SET,
    EVENTS,
    FACTS,
    MONTH,
    OTHER,
    RESOURCES,
    Model,
    make_pair,
)


def test_a_steady_tick_asks_for_each_resource_once_and_one_where_none_is_due_for_nothing(
    model: Model,
) -> None:
    model.wait(30)
    assert model.tick().words == "Looked at 0 of 6 resources. Nothing is to be moved."
    assert (model.looked, model.facts_read) == ([], 1)
    model.wait(270)
    model.tick()
    assert (model.looked, model.facts_read) == (list(RESOURCES), 1)


def test_what_time_does_not_allow_comes_first_in_the_next_tick() -> None:
    model = Model(make_pair(), most_looks=4)
    model.tick()
    assert model.looked == list(RESOURCES[:4])
    model.wait(300)
    model.tick()
    assert model.looked == [*RESOURCES[4:], *RESOURCES[:2]]


def test_resources_in_high_frequency_mode_are_due_more_often() -> None:
    model = Model(make_pair(high_frequency=["program0001"]))
    model.tick()
    model.wait(30)
    model.tick()
    assert model.looked == [EVENTS]


def test_a_source_that_is_down_costs_no_mark_and_no_failure(model: Model) -> None:
    model.change(DATA_SET, MONTH)
    model.is_down = True
    for _ in range(3):
        model.wait(300)
        decision = model.tick()
        assert "here does not answer. Start it." in decision.words
        assert len(model.looked) == 1
    model.is_down = False
    model.wait(300)
    model.tick()
    assert model.state.changes[DATA_SET].months == {MONTH}
    assert not model.state.failures


def test_a_look_that_is_refused_holds_up_no_other_and_renews_the_facts(model: Model) -> None:
    model.errors[DATA_SET] = RejectedError("No such data set.")
    model.change(EVENTS, MONTH)
    model.wait(300)
    decision = model.tick()
    assert f"{DATA_SET}: No such data set." in decision.words
    assert model.state.changes.keys() == {EVENTS}
    model.facts = replace(FACTS, data_sets=("dataSet0002",))
    model.wait(30)
    model.tick()
    assert model.facts_read == 2
    assert DATA_SET not in model.state.watched


def test_a_resource_that_never_answers_keeps_no_other_from_being_moved(model: Model) -> None:
    model.errors[DATA_SET] = TransientError("Too much for a tick.")
    model.change(EVENTS, MONTH)
    asked, said = [], ""
    for _ in range(3):
        model.wait(300)
        decision = model.tick()
        asked += [one.assets for one in decision.requests]
        said += decision.words
    assert "Too much for a tick." in said
    assert asked == [("data/events",)]


def test_an_account_that_is_refused_is_not_tried_again_at_once(model: Model) -> None:
    model.errors[RESOURCES[0]] = ConfigurationError("Wrong password.", status=401)
    model.wait(300)
    assert "Wrong password." in model.tick().words
    assert len(model.looked) == 1
    model.wait(299)
    assert "refused the account" in model.tick().words
    assert model.looked == []


def test_a_data_set_that_is_new_is_watched_as_soon_as_it_is_seen(model: Model) -> None:
    model.facts = replace(FACTS, data_sets=(*FACTS.data_sets, "dataSet0003"))
    model.change("class:dataSets", "202405")
    model.wait(300)
    model.tick()
    model.change("data_set:dataSet0003", MONTH)
    model.wait(30)
    assets = {one.assets for one in model.tick().requests}
    assert assets == {("metadata/data_sets",), ("data/data_values",)}


def test_settings_that_ask_for_other_facts_are_heeded_at_once(model: Model) -> None:
    model.pair = make_pair("data")
    model.wait(30)
    model.tick()
    assert model.facts_read == 2
    assert set(model.state.watched) == {DATA_SET, OTHER}
