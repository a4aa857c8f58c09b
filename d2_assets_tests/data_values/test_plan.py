from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.plan import SENT_ACTIONS, Plan
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_2,
    FLAG,
    MONTH,
    NOTE,
    NUMBER,
    UNITS,
    Row,
    compare_in_parts,
    make_row,
    make_window,
    open_scratch,
    plan_rows,
    read_rows,
)

LIVE, OTHER, GONE = make_row(), make_row(value="6"), make_row(deleted=True)
STRATEGIES = ("CREATE", "UPDATE", "CREATE_AND_UPDATE", "DELETE")

#: What the source has, what the destination has.
SITUATIONS: Mapping[str, tuple[Row, Sequence[Row]]] = {
    "new": (LIVE, []),
    "changed": (LIVE, [OTHER]),
    "same": (LIVE, [LIVE]),
    "deleted at the source": (GONE, [LIVE]),
    "deleted at both": (GONE, [GONE]),
    "deleted before it travelled": (GONE, []),
    "deleted at the destination": (LIVE, [GONE]),
}
HELD = "held_by_strategy"
#: The action of each situation under CREATE, UPDATE, CREATE_AND_UPDATE and DELETE.
ACTIONS: Mapping[str, Sequence[str]] = {
    "new": ("create", HELD, "create", HELD),
    "changed": (HELD, "update", "update", HELD),
    "same": ("unchanged",) * 4,
    "deleted at the source": (HELD, HELD, "delete", "delete"),
    "deleted at both": ("unchanged",) * 4,
    "deleted before it travelled": ("unchanged",) * 4,
    "deleted at the destination": ("create", HELD, "create", HELD),
}
CELLS = [
    (situation, strategy, actions[number])
    for situation, actions in ACTIONS.items()
    for number, strategy in enumerate(STRATEGIES)
]


def _actions(plan: Plan) -> dict[str, int]:
    return dict(plan.actions.get(MONTH, {}))


@pytest.mark.parametrize(("situation", "strategy", "action"), CELLS)
def test_every_strategy_has_one_action_for_every_situation(
    database: Database, tmp_path: Path, situation: str, strategy: str, action: str
) -> None:
    source, destination = SITUATIONS[situation]
    choices = Choices(import_strategy=strategy)
    plan = plan_rows(database, tmp_path, [source], destination, choices)
    assert _actions(plan) == {action: 1}
    assert plan.read(MONTH) == 1
    assert plan.sends(MONTH) == (action in SENT_ACTIONS)


def test_deletes_are_held_where_the_pair_does_not_propagate_them(
    database: Database, tmp_path: Path
) -> None:
    choices = Choices(propagate_deletes=False)
    assert _actions(plan_rows(database, tmp_path, [GONE], [LIVE], choices)) == {HELD: 1}


CHANGES: Sequence[Mapping[str, Any]] = (
    {"value": "05"},
    {"comment": "unsure"},
    {"followup": True},
    {"value": None, "comment": "unsure"},
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_row_is_updated_when_any_part_of_its_content_differs(
    database: Database, tmp_path: Path, change: dict[str, Any]
) -> None:
    live = make_row(data_element=NOTE)
    changed = live | change
    for source, destination in ((changed, live), (live, changed)):
        plan = plan_rows(database, tmp_path, [source], [destination])
        assert _actions(plan) == {"update": 1}
        (row,) = read_rows(database, "plan")
        assert (row["value"], row["old_value"]) == (source["value"], destination["value"])
        assert (row["comment"], row["followup"]) == (source["comment"], source["followup"])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"comment": ""}, {"comment": None}),
        ({"value": "", "comment": "a"}, {"value": None, "comment": "a"}),
        ({"data_element": FLAG, "value": "1"}, {"data_element": FLAG, "value": "true"}),
        ({"data_element": FLAG, "value": "False"}, {"data_element": FLAG, "value": "false"}),
        ({"data_element": FLAG, "value": "f"}, {"data_element": FLAG, "value": "0"}),
        ({"stored_by": "anna"}, {"stored_by": "mover", "last_updated": "2025-11-20"}),
    ],
)
def test_what_a_server_stores_alike_is_unchanged(
    database: Database, tmp_path: Path, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    plan = plan_rows(database, tmp_path, [make_row(**ours)], [make_row(**theirs)])
    assert _actions(plan) == {"unchanged": 1}


def test_one_and_true_differ_where_the_element_is_no_boolean(
    database: Database, tmp_path: Path
) -> None:
    ours, theirs = (make_row(data_element=NOTE, value=text) for text in ("1", "true"))
    assert _actions(plan_rows(database, tmp_path, [ours], [theirs])) == {"update": 1}


def test_the_columns_of_a_key_are_all_of_it(database: Database, tmp_path: Path) -> None:
    theirs = [make_row(org_unit=CLINIC_2), make_row(data_element=NOTE)]
    plan = plan_rows(database, tmp_path, [LIVE], theirs)
    assert _actions(plan) == {"create": 1}
    assert plan.destination_only == {MONTH: 2}


def test_merging_keeps_a_comment_that_the_source_lacks(database: Database, tmp_path: Path) -> None:
    merge = Choices(merge=True)
    kept = make_row(comment="kept")
    assert _actions(plan_rows(database, tmp_path, [LIVE], [kept], merge)) == {"unchanged": 1}
    plan_rows(database, tmp_path, [make_row(value="6")], [kept], merge)
    (row,) = read_rows(database, "plan")
    assert (row["action"], row["value"], row["comment"]) == ("update", "6", "kept")
    plan_rows(database, tmp_path, [make_row(comment="new")], [kept], merge)
    assert read_rows(database, "plan")[0]["comment"] == "new"


def test_merging_does_not_bring_back_the_comment_of_a_deleted_row(
    database: Database, tmp_path: Path
) -> None:
    gone = make_row(comment="of a value that is gone", deleted=True)
    plan_rows(database, tmp_path, [LIVE], [gone], Choices(merge=True))
    (row,) = read_rows(database, "plan")
    assert (row["action"], row["comment"]) == ("create", None)


def test_a_delete_carries_the_value_that_the_destination_has(
    database: Database, tmp_path: Path
) -> None:
    plan_rows(database, tmp_path, [make_row(value="5", deleted=True)], [OTHER])
    (row,) = read_rows(database, "plan")
    assert (row["action"], row["value"], row["deleted"]) == ("delete", "6", True)


def test_unfit_and_filtered_rows_are_in_the_plan_with_their_reason(
    database: Database, tmp_path: Path
) -> None:
    rows = [make_row(value="x"), make_row(org_unit="UnitTooDeep"), LIVE | {"org_unit": CLINIC_2}]
    plan = plan_rows(database, tmp_path, rows, [])
    assert _actions(plan) == {"quarantined": 1, "filtered": 1, "create": 1}
    assert plan.sends(MONTH) == 1
    assert [bool(row["reason"]) for row in read_rows(database, "plan")] == [True, True, False]


def test_each_month_has_its_own_numbers(database: Database, tmp_path: Path) -> None:
    rows = [LIVE, make_row(period="202510", month="202510", org_unit=CLINIC_2)]
    window = make_window(("202510", MONTH))
    plan = plan_rows(database, tmp_path, rows, rows[:1], window=window)
    assert plan.actions == {MONTH: {"unchanged": 1}, "202510": {"create": 1}}
    assert plan.count("202509", "create") == plan.sends("202509") == plan.read("202509") == 0


_rows = st.builds(
    make_row,
    data_element=st.sampled_from([NUMBER, FLAG, NOTE]),
    org_unit=st.sampled_from([*UNITS, "UnitNowhere"]),
    value=st.sampled_from(["1", "0", "true", "x", None]),
    comment=st.sampled_from([None, "", "unsure"]),
    followup=st.booleans(),
    deleted=st.booleans(),
)
_tables = st.lists(_rows, max_size=15, unique_by=lambda row: (row["data_element"], row["org_unit"]))
_choices = st.builds(
    Choices,
    import_strategy=st.sampled_from(STRATEGIES),
    merge=st.booleans(),
    propagate_deletes=st.booleans(),
)


@settings(max_examples=20)
@given(_tables, _choices)
def test_comparing_a_table_with_itself_plans_nothing(rows: list[Row], choices: Choices) -> None:
    with open_scratch() as (database, folder):
        plan = plan_rows(database, folder, rows, rows, choices)
    assert plan.sends(MONTH) == plan.count(MONTH, HELD) == 0
    assert plan.destination_only == {}


@settings(max_examples=20)
@given(_tables, _tables, _choices)
def test_the_actions_add_up_to_the_rows_read(
    source: list[Row], destination: list[Row], choices: Choices
) -> None:
    with open_scratch() as (database, folder):
        plan = plan_rows(database, folder, source, destination, choices)
        assert [row["row"] for row in read_rows(database, "plan")] == list(range(len(source)))
    assert plan.read(MONTH) == len(source)
    live = sum(not row["deleted"] for row in destination)
    assert sum(plan.destination_only.values()) <= live


@settings(max_examples=6)
@given(_tables, _tables, _choices, st.sampled_from([3, 8]))
def test_tables_that_are_compared_part_by_part_are_compared_alike(
    source: list[Row], destination: list[Row], choices: Choices, size: int
) -> None:
    doubled = [*source, *source[:3]]
    with open_scratch() as (database, folder):
        whole = plan_rows(database, folder, doubled, destination, choices)
        rows = read_rows(database, "plan")
    with open_scratch() as (database, folder), compare_in_parts(size):
        assert plan_rows(database, folder, doubled, destination, choices) == whole
        assert read_rows(database, "plan") == rows
