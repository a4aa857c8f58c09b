"""Periods of charts: flags and a list say the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.relative_periods import RELATIVE_PERIODS, flag_periods, list_periods
from d2_assets.metadata.translate import translate_objects
from d2_assets_tests.metadata.versions import bridge
from d2_assets_tests.recordings import needs_recordings, read_exchange


@needs_recordings
def test_every_flag_of_2_38_is_known() -> None:
    body: Any = read_exchange("2.38", "list-visualizations").body
    assert body["visualizations"][0]["relativePeriods"].keys() == RELATIVE_PERIODS.keys()


@pytest.mark.parametrize(
    ("flag", "constant"),
    [
        ("last52Weeks", "LAST_52_WEEKS"),
        ("thisDay", "TODAY"),
        ("yesterday", "YESTERDAY"),
        ("last6BiMonths", "LAST_6_BIMONTHS"),
        ("last10FinancialYears", "LAST_10_FINANCIAL_YEARS"),
        ("monthsThisYear", "MONTHS_THIS_YEAR"),
        ("lastSixMonth", "LAST_SIX_MONTH"),
    ],
)
def test_each_flag_has_its_constant(flag: str, constant: str) -> None:
    assert RELATIVE_PERIODS[flag] == constant
    body = {"relativePeriods": {flag: True, "thisYear": False}, "periods": [{"id": "202501"}]}
    assert list_periods(body) == {"rawPeriods": [constant, "202501"], "periods": [{"id": "202501"}]}
    assert flag_periods({"rawPeriods": [constant, "2025W7"]}) == (
        {"relativePeriods": {flag: True}, "periods": [{"id": "2025W7"}]},
        [],
    )


def test_a_list_that_is_there_counts_more_than_flags() -> None:
    body = {"relativePeriods": {"thisYear": True}, "rawPeriods": ["LAST_YEAR"]}
    assert list_periods(body) == {"rawPeriods": ["LAST_YEAR"]}


def test_a_relative_period_that_2_38_lacks_is_named() -> None:
    body, unknown = flag_periods({"rawPeriods": ["LAST_9_MONTHS", "THIS_YEAR"]})
    assert body == {"relativePeriods": {"thisYear": True}}
    assert unknown == ["LAST_9_MONTHS"]


_relative = st.lists(st.sampled_from(sorted(RELATIVE_PERIODS.values())), unique=True)
_fixed = st.lists(
    st.sampled_from(["202501", "2025", "2025Q1", "2025April", "20250101"]), unique=True
)


@given(relative=_relative, fixed=_fixed)
def test_there_and_back_is_the_same(relative: list[str], fixed: list[str]) -> None:
    flagged, unknown = flag_periods({"rawPeriods": [*relative, *fixed]})
    assert not unknown
    assert sorted(list_periods(flagged)["rawPeriods"]) == sorted([*relative, *fixed])


@needs_recordings
@pytest.mark.parametrize("destination", ["2.40", "2.42", "2.43"])
def test_recorded_charts_keep_their_periods(destination: str) -> None:
    body: Any = read_exchange("2.38", "list-visualizations").body
    item = MetadataObject("visualizations", "x", body["visualizations"][0])
    (there,) = translate_objects([item], bridge("2.38", destination)).objects
    assert there.body["rawPeriods"] == ["LAST_MONTH"]
    assert "relativePeriods" not in there.body
    (back,) = translate_objects([there], bridge(destination, "2.38")).objects
    assert back.body["relativePeriods"] == {"lastMonth": True}
