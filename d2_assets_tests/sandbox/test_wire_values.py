"""Values and periods as a server reads them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.periods import PERIOD_TYPES, iterate_periods
from d2_assets.sandbox.wire_values import accept_period, find_misfit, normalise_value


@pytest.mark.parametrize(
    ("value", "value_type", "misfit"),
    [
        ("7", "INTEGER_ZERO_OR_POSITIVE", None),
        ("07", "INTEGER_ZERO_OR_POSITIVE", "value_not_zero_or_positive_integer"),
        ("7.50", "NUMBER", None),
        ("7,5", "NUMBER", "value_not_numeric"),
        ("100", "PERCENTAGE", None),
        ("100.1", "PERCENTAGE", "value_not_percentage"),
        ("yes", "BOOLEAN", "value_not_bool"),
        ("2026-02-30", "DATE", "value_not_valid_date"),
        ("é" * 50_001, "TEXT", "value_length_greater_than_max_length"),
        ("anything", "SOME_NEW_TYPE", None),
    ],
)
def test_a_value_is_judged_by_its_type(value: str, value_type: str, misfit: str | None) -> None:
    assert find_misfit(value, value_type) == misfit


@given(st.text(), st.sampled_from(["BOOLEAN", "TRUE_ONLY", "TEXT", "NUMBER"]))
def test_normalising_twice_is_normalising_once(value: str, value_type: str) -> None:
    once = normalise_value(value, value_type)
    assert normalise_value(once, value_type) == once


@pytest.mark.parametrize(
    ("text", "period"),
    [("2026-03", "202603"), ("2026-03-05", "20260305"), ("2026W03", "2026W3"), ("2026", "2026")],
)
def test_a_period_written_like_a_date_is_taken_for_its_id(text: str, period: str) -> None:
    found = accept_period(text)
    assert found is not None
    assert found.id == period


@given(st.sampled_from(PERIOD_TYPES), st.dates(date(2000, 1, 1), date(2040, 12, 31)))
def test_every_period_id_is_taken_for_itself(period_type: str, day: date) -> None:
    for period in iterate_periods(period_type, day, day):
        assert accept_period(period.id) == period


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_periods(text: str) -> None:
    accept_period(text)
