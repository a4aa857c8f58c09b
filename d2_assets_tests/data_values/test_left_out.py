"""Values that come along with a shared data element and belong to a data set that the pair leaves
out: they are told apart at the source, and never taken for the pair's at the destination."""

from dataclasses import replace
from pathlib import Path

import pytest

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.scope import Scope, read_scope
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    DATA_SETS,
    MONTH,
    MONTHLY,
    QUARTER,
    QUARTERLY,
    check_rows,
    list_verdicts,
    make_row,
    make_scope,
    plan_rows,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2

MONTHLY_SET, QUARTERLY_SET = DATA_SETS[MONTHLY], DATA_SETS[QUARTERLY]
PRIVATE = "DataSetPriv"


def _scope_of_two_kinds_of_facility() -> Scope:
    """The pair's data set for one facility; one with the same elements for another is left out."""
    public = replace(MONTHLY_SET, org_units=frozenset({CLINIC_1}))
    private = replace(MONTHLY_SET, id=PRIVATE, org_units=frozenset({CLINIC_2}))
    return make_scope(
        data_sets={MONTHLY: public},
        destination_data_sets={MONTHLY: public},
        left_out={PRIVATE: private},
    )


@pytest.mark.parametrize("deleted", [False, True])
def test_a_value_of_a_data_set_that_the_pair_leaves_out_is_filtered(
    database: Database, tmp_path: Path, deleted: bool
) -> None:
    scope = make_scope(
        data_sets={MONTHLY: MONTHLY_SET},
        destination_data_sets={MONTHLY: MONTHLY_SET},
        left_out={QUARTERLY: QUARTERLY_SET},
    )
    rows = [make_row(), make_row(period=QUARTER, deleted=deleted)]
    judged = check_rows(database, tmp_path, rows, scope)
    assert list_verdicts(judged) == [None, "other_data_set"]


def test_a_value_of_a_facility_that_another_data_set_serves_is_filtered(
    database: Database, tmp_path: Path
) -> None:
    rows = [make_row(org_unit=uid) for uid in (CLINIC_1, CLINIC_2, CLINIC_3)]
    judged = check_rows(database, tmp_path, rows, _scope_of_two_kinds_of_facility())
    assert list_verdicts(judged) == [
        None,
        "other_data_set",
        "org_unit_outside_data_set",
    ]


def test_mirroring_leaves_the_values_of_a_facility_that_another_data_set_serves(
    database: Database, tmp_path: Path
) -> None:
    theirs = [make_row(org_unit=CLINIC_1), make_row(org_unit=CLINIC_2)]
    choices = Choices(mirror=True, brake_percent=100)
    scope = _scope_of_two_kinds_of_facility()
    plan = plan_rows(database, tmp_path, [], theirs, choices, scope)
    assert plan.destination_only == {MONTH: 1}
    assert database.rows("SELECT org_unit FROM plan") == [(CLINIC_1,)]


def test_only_data_sets_that_share_an_element_are_looked_at() -> None:
    stranger = replace(QUARTERLY_SET, id="DataSetOther", elements=())
    source = FakeDHIS2(data_sets=[MONTHLY_SET, QUARTERLY_SET, stranger])
    scope = read_scope(source.client, FakeDHIS2().client, Choices(data_sets=(MONTHLY,)))
    assert set(scope.left_out) == {QUARTERLY}
    assert scope.left_out[QUARTERLY].org_units
