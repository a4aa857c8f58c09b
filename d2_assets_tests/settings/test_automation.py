"""How a pair runs by itself, as the settings file says it."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_string
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from d2_assets.settings import (
    ChangeSettings,
    RetrySettings,
    ScheduleSettings,
    SweepSettings,
    Timing,
    parse_settings,
)
from d2_assets.settings.models import Pair
from d2_assets_tests.settings.texts import FILE, GOOD, refusal_of, with_change

_RHYTHMS = [
    ({}, "0 2 5 * *"),
    ({"day": 28, "hour": 23, "minute": 59}, "59 23 28 * *"),
    ({"every": "week", "weekday": "monday"}, "0 2 * * 1"),
    ({"every": "week"}, "0 2 * * 0"),
    ({"every": "day", "minute": 15}, "15 2 * * *"),
    ({"every": "minutes", "minutes": 20}, "*/20 * * * *"),
    ({"every": "minutes", "minutes": 60}, "0 */1 * * *"),
    ({"every": "minutes", "minutes": 360}, "0 */6 * * *"),
    ({"every": "minutes", "minutes": 1440}, "0 0 * * *"),
    ({"every": "cron", "cron": " 30  4 1-7 */2 MON-FRI "}, "30 4 1-7 */2 MON-FRI"),
]


@pytest.mark.parametrize(("given", "line"), _RHYTHMS)
def test_a_rhythm_is_a_line_of_cron(given: dict[str, Any], line: str) -> None:
    assert Timing.model_validate(given).cron_line == line
    assert is_valid_cron_string(line)


@given(st.integers(1, 1440))
def test_every_so_many_minutes_are_evenly_spaced_or_refused(minutes: int) -> None:
    try:
        timing = Timing(every="minutes", minutes=minutes)
    except ValidationError:
        return
    start = datetime(2024, 1, 31, tzinfo=UTC).timestamp()
    moments = islice(cron_string_iterator(start, timing.cron_line, "UTC"), 30)
    assert {after - before for before, after in pairwise(moments)} == {timedelta(minutes=minutes)}


def test_the_words_of_the_refusal_list_every_number_of_minutes_that_fits() -> None:
    with pytest.raises(ValidationError) as caught:
        Timing(every="minutes", minutes=7)
    told = {
        int(number)
        for number in re.findall(r"\d+", caught.value.errors()[0].get("ctx", {})["mend"])
    }
    fits = set()
    for minutes in range(1, 1441):
        try:
            fits.add(Timing(every="minutes", minutes=minutes).minutes)
        except ValidationError:
            continue
    assert told == fits


def test_a_pair_that_says_nothing_has_the_known_defaults() -> None:
    pair = Pair(source="national", destination="training")
    assert pair.changes == ChangeSettings(
        check_seconds=300,
        high_frequency_seconds=30,
        start="delayed",
        delay_seconds=30,
        metadata=True,
        data=True,
        max_runs_per_hour=10,
        cooldown_seconds=1800,
    )
    assert (pair.schedule.cron_line, pair.schedule.months) == ("0 2 5 * *", 1)
    assert pair.sweep is None
    assert pair.retries == RetrySettings(tries=3)
    assert SweepSettings().cron_line == "0 3 * * 0"


@pytest.mark.parametrize(
    ("given", "words", "mend"),
    [
        ("schedule: {every: cron}", "every: cron and a cron line go together", "both"),
        ('schedule: {cron: "0 2 5 * *"}', "every: cron and a cron line go together", "both"),
        ("schedule: {every: cron, cron: '@daily'}", "'@daily' is not a cron line", "0 2 5"),
        ("schedule: {every: cron, cron: '0 2 5 *'}", "is not a cron line", "weekday"),
        ("schedule: {time_zone: Africa/Lilongw}", "no time zone 'Africa/Lilongw'", "Blantyre"),
        ("schedule: {time_zone: Africa}", "no time zone 'Africa'", "Blantyre"),
        ("schedule: {every: minutes, minutes: 45}", "Every 45 minutes does not fit", "60"),
        ("schedule: {day: 31}", "31 is out of range", "28"),
        ("schedule: {months: 0, current_month: false}", "leaves nothing to run", "months"),
        ("sweep: {months: 0}", "0 is out of range", "1"),
        ("retries: {tries: 11}", "11 is out of range", "10"),
        ("changes: {check_second: 60}", "check_second is not known", "check_seconds"),
        ("changes: {start: later}", "'later' is not known here", "immediate"),
        ("changes: {include: [Data Elements]}", "names nothing that can be watched", "UID"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_mend(given: str, words: str, mend: str) -> None:
    error = refusal_of(GOOD + f"    {given}\n")
    assert error.key is not None
    assert error.key.startswith(f"pairs[0].{given.split(':')[0]}")
    assert "line" in error.message
    assert words in error.message
    assert mend in error.remedy


_DATA_SET, _PROGRAM = "BfMAe6Itzgt", "eBAyeGv0exc"
_AUTOMATIC = "execution_mode: automatic"


@pytest.mark.parametrize(
    ("given", "key", "words"),
    [
        ("changes: {metadata: false, data: false}", "changes", "Nothing of the pair"),
        ("changes: {data: false}", "changes", "Nothing of the pair"),
        ("sync_type: metadata, changes: {metadata: false}", "changes", "Nothing of the pair"),
        ("changes: {include: [options]}", "changes.include", "sync_type data moves none"),
        ("changes: {include: [events]}", "changes.include", "The pair moves no events"),
        (
            "sync_type: both, changes: {exclude: [data_element]}",
            "changes.exclude",
            "no metadata family data_element.",
        ),
        (
            "sync_type: both, filters: {families: [options]}, changes: {include: [data_sets]}",
            "changes.include",
            "it is not in filters.families",
        ),
        (
            f"filters: {{data_sets: [{_DATA_SET}]}}, changes: {{exclude: [{_PROGRAM}]}}",
            "changes.exclude",
            "no part of the pair",
        ),
        (
            f"sync_type: metadata, changes: {{high_frequency: [{_PROGRAM}]}}",
            "changes.high_frequency",
            "sync_type metadata moves none",
        ),
        (
            f"changes: {{include: [{_PROGRAM}], exclude: [{_PROGRAM}]}}",
            "changes.exclude",
            "under include and under exclude",
        ),
        (
            f"changes: {{high_frequency: [{_PROGRAM}], exclude: [{_PROGRAM}]}}",
            "changes.high_frequency",
            "not watched at all",
        ),
        (
            f"changes: {{high_frequency: [{_PROGRAM}], high_frequency_seconds: 600}}",
            "changes.high_frequency_seconds",
            "more than check_seconds, 300",
        ),
        ("sync_type: metadata, sweep: {}", "sweep", "compares months of data"),
    ],
)
def test_what_does_not_fit_the_pair_is_told(given: str, key: str, words: str) -> None:
    error = refusal_of(_pair(given))
    assert error.key == f"pairs[0].{key}"
    assert "line 16" in error.message
    assert words in error.message
    assert error.remedy


@pytest.mark.parametrize(
    "given",
    [
        "changes: {metadata: false, include: [data_values]}",
        "sync_type: both, changes: {include: [options, dataElements], exclude: [optionSets]}",
        f"sync_type: all_data, filters: {{data_sets: [{_DATA_SET}]}}, "
        f"changes: {{exclude: [{_PROGRAM}]}}",
        f"sync_type: complete, changes: {{include: [{_PROGRAM}], high_frequency: [{_PROGRAM}]}}",
        "sync_type: events, sweep: {every: day, months: 3}",
    ],
)
def test_what_fits_the_pair_is_taken(given: str) -> None:
    parse_settings(_pair(given), FILE)


def test_changes_that_are_off_concern_automatic_pairs_alone() -> None:
    text = _pair("changes: {metadata: false, data: false}").replace(_AUTOMATIC, "active: true")
    parse_settings(text, FILE)


def test_stock_is_scheduled_and_not_automatic() -> None:
    stock = with_change("source: national", "source: lmis")
    stock = stock.replace("filters: {deepest_level: 4}", "sync_type: stock\n    {}")
    error = refusal_of(stock.replace("{}", "execution_mode: automatic"))
    assert error.key == "pairs[0].execution_mode"
    assert "OpenLMIS does not tell" in error.message
    assert "scheduled" in error.remedy
    assert "late_months" in refusal_of(stock.replace("{}", "sweep: {}")).remedy
    parse_settings(stock.replace("{}", "execution_mode: scheduled"), FILE)


def test_months_without_a_current_one_are_whole_months_before() -> None:
    assert ScheduleSettings(months=0).months == 0
    assert ScheduleSettings(months=0, current_month=True).current_month


def _pair(given: str) -> str:
    """The good file, whose one pair is automatic and says this as well, in one line."""
    start, _, _ = GOOD.partition("pairs:")
    return (
        f"{start}pairs:\n  - {{source: national, destination: training, {_AUTOMATIC}, {given}}}\n"
    )
