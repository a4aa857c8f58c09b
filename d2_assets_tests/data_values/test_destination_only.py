from dataclasses import replace
from pathlib import Path

import pytest

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.plan import Plan, hold_brake
from d2_assets.errors import ContractError
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    DATA_SETS,
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    NUMBER,
    QUARTER,
    QUARTERLY,
    REGION_1,
    STOCK,
    UNITS,
    Row,
    make_row,
    make_scope,
    plan_rows,
    read_rows,
)

LIVE = make_row()


def _actions(plan: Plan) -> dict[str, int]:
    return dict(plan.actions.get(MONTH, {}))


def test_what_only_the_destination_has_is_counted_within_the_scope(
    database: Database, tmp_path: Path
) -> None:
    source_units = {uid: unit for uid, unit in UNITS.items() if uid != CLINIC_3}
    theirs = [
        make_row(org_unit=CLINIC_2),
        make_row(org_unit=CLINIC_2, data_element=FLAG, deleted=True),
        make_row(org_unit=CLINIC_3),
    ]
    scope = make_scope(source_units=source_units)
    plan = plan_rows(database, tmp_path, [LIVE], [LIVE, *theirs], scope=scope)
    assert plan.destination_only == {MONTH: 1}
    assert _actions(plan) == {"unchanged": 1}


def test_a_row_that_the_source_filters_or_refuses_is_not_only_the_destinations(
    database: Database, tmp_path: Path
) -> None:
    plan = plan_rows(database, tmp_path, [make_row(value="x")], [LIVE])
    assert plan.destination_only == {}


def test_a_row_of_the_destination_that_two_data_sets_reach_is_counted_once_in_its_own(
    database: Database, tmp_path: Path
) -> None:
    theirs = [
        make_row(data_set=data_set, period=period)
        for data_set in (MONTHLY, QUARTERLY)
        for period in (MONTH, QUARTER)
    ]
    plan = plan_rows(database, tmp_path, [], theirs)
    assert plan.destination_only == {MONTH: 2}
    found = read_rows(database, "destination_only")
    assert {row["period"]: row["data_set"] for row in found} == {
        MONTH: MONTHLY,
        QUARTER: QUARTERLY,
    }


def test_rows_of_a_data_set_that_the_pair_leaves_out_are_not_the_pairs(
    database: Database, tmp_path: Path
) -> None:
    scope = make_scope(
        data_sets={MONTHLY: DATA_SETS[MONTHLY]},
        destination_data_sets={MONTHLY: DATA_SETS[MONTHLY]},
        left_out={QUARTERLY: DATA_SETS[QUARTERLY]},
    )
    theirs = [make_row(period=QUARTER), make_row(data_element=NOTE, period=QUARTER)]
    choices = Choices(mirror=True, brake_percent=100)
    plan = plan_rows(database, tmp_path, [], theirs, choices, scope)
    assert plan.destination_only == {MONTH: 1}
    assert [row["data_element"] for row in read_rows(database, "plan")] == [NOTE]


def _ten_and_one_more() -> tuple[list[Row], list[Row]]:
    both = [make_row(data_set=QUARTERLY, data_element=STOCK, period=QUARTER, org_unit=CLINIC_1)]
    both += [make_row(data_element=NOTE, value="a", org_unit=uid) for uid in UNITS]
    both += [make_row(data_element=FLAG, value="true", org_unit=uid) for uid in list(UNITS)[:2]]
    return both, [*both, make_row(org_unit=CLINIC_3)]


def test_mirroring_deletes_what_only_the_destination_has(
    database: Database, tmp_path: Path
) -> None:
    source, destination = _ten_and_one_more()
    choices = Choices(mirror=True, brake_percent=10)
    plan = plan_rows(database, tmp_path, source, destination, choices)
    assert plan.destination_only == {MONTH: 1}
    assert _actions(plan) == {"unchanged": 9}
    mirrored = read_rows(database, "plan")[0]
    assert mirrored["row"] < 0
    assert mirrored["action"] == "delete"
    assert (mirrored["data_element"], mirrored["org_unit"]) == (NUMBER, CLINIC_3)
    assert mirrored["deleted"]


def test_the_brake_holds_when_more_than_the_share_would_go(
    database: Database, tmp_path: Path
) -> None:
    source, destination = _ten_and_one_more()
    choices = Choices(mirror=True, brake_percent=9.9)
    plan = plan_rows(database, tmp_path, source, destination, choices)
    with pytest.raises(ContractError, match=f"1 of 10 rows .* for {MONTH}.*9.9 %") as held:
        hold_brake(database, plan, choices)
    assert "Nothing was sent" in held.value.message
    assert "brake_percent" in held.value.remedy


def test_the_brake_counts_the_rows_of_the_pair_only(database: Database, tmp_path: Path) -> None:
    """Nine rows below the deepest level are not the pair's: one of one would go."""
    choices = Choices(mirror=True, brake_percent=99)
    scope = make_scope(source_units={REGION_1: UNITS[REGION_1]})
    deeper = [make_row(org_unit=uid) for uid in (CLINIC_1, CLINIC_2, CLINIC_3)]
    destination = [*deeper, make_row(org_unit=REGION_1)]
    plan = plan_rows(database, tmp_path, deeper, destination, choices, scope)
    with pytest.raises(ContractError, match="1 of 1 rows"):
        hold_brake(database, plan, choices)


def test_what_the_source_holds_in_a_data_set_that_is_left_out_is_not_mirrored_away(
    database: Database, tmp_path: Path
) -> None:
    """The element is in the pair's data set at the destination only; at the source in another."""
    without = replace(DATA_SETS[MONTHLY], elements=DATA_SETS[MONTHLY].elements[1:])
    scope = make_scope(
        data_sets={MONTHLY: without},
        destination_data_sets={MONTHLY: DATA_SETS[MONTHLY]},
        left_out={"DataSetOther": replace(DATA_SETS[MONTHLY], id="DataSetOther")},
    )
    choices = Choices(mirror=True, brake_percent=100)
    plan = plan_rows(database, tmp_path, [], [make_row(data_element=NUMBER)], choices, scope)
    assert plan.destination_only == {}


@pytest.mark.parametrize("strategy", ["CREATE", "UPDATE"])
def test_a_strategy_without_deletes_mirrors_nothing(
    database: Database, tmp_path: Path, strategy: str
) -> None:
    choices = Choices(mirror=True, import_strategy=strategy)
    plan = plan_rows(database, tmp_path, [], [LIVE], choices)
    assert plan.destination_only == {MONTH: 1}
    assert read_rows(database, "plan") == []
