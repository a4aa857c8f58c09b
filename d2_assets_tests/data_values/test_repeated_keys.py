"""One key that came more than once: twice from one data set, or through several."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    DATA_SETS,
    MONTHLY,
    QUARTER,
    QUARTERLY,
    UNITS,
    check_rows,
    list_verdicts,
    make_row,
    make_scope,
)

MONTHLY_SET, QUARTERLY_SET = DATA_SETS[MONTHLY], DATA_SETS[QUARTERLY]
WITHOUT_CLINIC = frozenset(set(UNITS) - {CLINIC_1})


def test_of_alike_rows_with_one_key_one_travels(database: Database, tmp_path: Path) -> None:
    rows = [make_row(), make_row(), make_row()]
    verdicts = list_verdicts(check_rows(database, tmp_path, rows))
    assert verdicts == [None, "duplicate_key", "duplicate_key"]


@pytest.mark.parametrize(
    "change",
    [{"value": "6"}, {"comment": "sure"}, {"followup": True}, {"deleted": True}, {"value": None}],
)
def test_of_unalike_rows_with_one_key_none_travels(
    database: Database, tmp_path: Path, change: dict[str, Any]
) -> None:
    rows = [make_row(comment="unsure"), make_row(**{"comment": "unsure"} | change)]
    verdicts = list_verdicts(check_rows(database, tmp_path, rows))
    assert verdicts == ["duplicate_key", "duplicate_key"]


def test_the_same_value_through_two_data_sets_is_carried_once(
    database: Database, tmp_path: Path
) -> None:
    rows = [
        make_row(),
        make_row(data_set=QUARTERLY),
        make_row(period=QUARTER, value="9"),
        make_row(data_set=QUARTERLY, period=QUARTER, value="9"),
    ]
    assert list_verdicts(check_rows(database, tmp_path, rows)) == [
        None,
        "same_value_elsewhere",
        "same_value_elsewhere",
        None,
    ]


def test_a_value_that_only_one_data_set_may_carry_is_carried_there(
    database: Database, tmp_path: Path
) -> None:
    twin = replace(MONTHLY_SET, id="DataSetTwin")
    both = {MONTHLY: replace(MONTHLY_SET, org_units=frozenset()), "DataSetTwin": twin}
    scope = make_scope(data_sets=both, destination_data_sets=both)
    rows = [make_row(), make_row(data_set="DataSetTwin")]
    assert list_verdicts(check_rows(database, tmp_path, rows, scope)) == [
        "same_value_elsewhere",
        None,
    ]


def test_an_unfit_value_through_two_data_sets_is_told_once(
    database: Database, tmp_path: Path
) -> None:
    rows = [make_row(value="x"), make_row(data_set=QUARTERLY, value="x")]
    assert list_verdicts(check_rows(database, tmp_path, rows)) == [
        "value_misfit",
        "same_value_elsewhere",
    ]


def test_the_data_set_that_the_destination_lacks_is_named_for_its_own_values(
    database: Database, tmp_path: Path
) -> None:
    scope = make_scope(destination_data_sets={MONTHLY: MONTHLY_SET})
    rows = [
        make_row(period=QUARTER),
        make_row(data_set=QUARTERLY, period=QUARTER),
    ]
    assert list_verdicts(check_rows(database, tmp_path, rows, scope)) == [
        "same_value_elsewhere",
        "data_set_unknown",
    ]
