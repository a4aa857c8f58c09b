from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.errors import ConfigurationError
from d2_assets.notices import Notice
from d2_assets.sync.health import (
    Expected,
    InstanceState,
    follow_instance,
    order_by_need,
    read_states,
    write_states,
)
from d2_assets.sync.health_checks import InstanceHealth
from d2_assets.sync.probe import InstanceReport

NOON = 1_763_640_000.0
UP = InstanceHealth(
    InstanceReport(
        "national", True, version="2.40.9", account="sync", org_units=1, may_write="yes"
    ),
    seconds=0.2,
    clock_error=1.0,
)
DOWN = InstanceHealth(InstanceReport("national", message="It did not answer. Start it."))
EXPECTED = Expected(clock_skew_seconds=300, is_written_to=True)
NEW = InstanceState()


def changed(health: InstanceHealth = UP, /, **report: object) -> InstanceHealth:
    return replace(health, report=replace(health.report, **report))


def follow(*answers: InstanceHealth, expected: Expected = EXPECTED) -> list[Notice]:
    """What is told over a row of checks, ten minutes from each other."""
    state, told = NEW, []
    for number, health in enumerate(answers):
        state, notices = follow_instance(state, health, expected, NOON + 600 * number)
        told += notices
    return told


def test_a_loss_and_a_return_are_told_once_each_with_how_long_it_was() -> None:
    lost, returned = follow(UP, UP, DOWN, DOWN, DOWN, UP, UP)
    assert (lost.kind, lost.subject) == ("instance_lost", "national")
    assert lost.cause == "It did not answer. Start it."
    assert "found when it is back" in lost.mend
    assert returned.kind == "instance_returned"
    assert returned.words == "national answers again, after 30 min."


def test_an_instance_that_was_never_there_is_told_too() -> None:
    assert [notice.kind for notice in follow(DOWN, DOWN)] == ["instance_lost"]


def test_another_version_is_told_with_both_and_with_how_it_is_treated() -> None:
    newer = replace(changed(version="2.44.0"), version_warning="2.44.0 is treated like 2.43.")
    (notice,) = follow(UP, newer, newer)
    assert notice.kind == "version_changed"
    assert notice.words == (
        "national had version 2.40.9, and has 2.44.0 now. 2.44.0 is treated like 2.43."
    )


def test_a_version_that_changed_while_the_instance_was_away_is_told_as_well() -> None:
    kinds = [notice.kind for notice in follow(UP, DOWN, changed(version="2.41.0"))]
    assert kinds == ["instance_lost", "instance_returned", "version_changed"]


def test_a_version_that_is_refused_is_no_matter_of_the_account() -> None:
    old = "DHIS2 2.36 is too old."
    refused = replace(changed(version="2.36", message=old, may_write=""), version_warning=old)
    assert [notice.kind for notice in follow(UP, refused)] == ["version_changed"]


@pytest.mark.parametrize(("seconds", "side"), [(301.0, "ahead of"), (-10_800.0, "behind")])
def test_a_clock_that_is_off_is_told_until_it_is_well_right_again(
    seconds: float, side: str
) -> None:
    off, near = replace(UP, clock_error=seconds), replace(UP, clock_error=299.0)
    unknown = replace(UP, clock_error=None)
    (notice,) = follow(UP, off, near, unknown, off)
    assert notice.kind == "clock_off"
    assert side in notice.words
    assert [one.kind for one in follow(off, UP, off)] == ["clock_off", "clock_off"]


def test_an_account_that_may_no_longer_write_is_told_and_so_is_its_mend() -> None:
    idle = changed(may_write="no: a role with F_DATAVALUE_ADD is missing")
    lost, back = follow(UP, idle, idle, UP)
    assert (lost.kind, back.kind) == ("account_changed", "account_changed")
    assert lost.cause == "a role with F_DATAVALUE_ADD is missing"
    assert "can do what its pairs need" in back.words


def test_an_account_that_only_reads_need_not_write() -> None:
    idle = changed(may_write="no: a role with F_DATAVALUE_ADD is missing")
    assert follow(UP, idle, expected=Expected(300)) == []
    refused = changed(may_write="", account="", message="The account is locked.")
    assert [one.kind for one in follow(UP, refused, expected=Expected(300))] == ["account_changed"]


ANSWERS = st.builds(
    lambda up, version, writes, error: (
        replace(changed(version=version, may_write=writes), clock_error=error) if up else DOWN
    ),
    st.booleans(),
    st.sampled_from(["2.40.9", "2.42.1"]),
    st.sampled_from(["yes", "no: it lacks a right"]),
    st.none() | st.floats(-1000, 1000),
)


@given(st.lists(ANSWERS, min_size=1, max_size=6), st.integers(1, 3))
def test_nothing_is_told_twice_while_nothing_changes(
    answers: list[InstanceHealth], times: int
) -> None:
    once = [notice.kind for notice in follow(*answers)]
    repeated = [answer for answer in answers for _ in range(times)]
    assert [notice.kind for notice in follow(*repeated)] == once


@given(st.dictionaries(st.text(max_size=8), st.builds(InstanceState, asked=st.floats(0, 4e9))))
def test_states_are_read_as_they_were_written(states: dict[str, InstanceState]) -> None:
    assert read_states(write_states(states)) == states


@pytest.mark.parametrize("text", ["x", "[]", '{"national": {"colour": "red"}}', '{"national": 1}'])
def test_a_state_that_cannot_be_read_says_what_to_do(text: str) -> None:
    with pytest.raises(ConfigurationError, match="Reset the cursor"):
        read_states(text)


def test_who_was_not_asked_comes_first_the_next_time() -> None:
    states = {"a": InstanceState(asked=20.0), "b": InstanceState(asked=10.0)}
    assert order_by_need(["a", "b", "c"], states) == ("c", "b", "a")
