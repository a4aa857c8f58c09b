import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.scope import Scope
from d2_assets.data_values.verdicts import VERDICTS
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    COMBO,
    DATA_SETS,
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    NUMBER,
    OPTION,
    QUARTER,
    QUARTERLY,
    STOCK,
    UNITS,
    Row,
    check_rows,
    list_verdicts,
    make_row,
    make_scope,
    make_unit,
    number_rows,
    open_scratch,
    scope_with_monthly,
)

MONTHLY_SET, QUARTERLY_SET = DATA_SETS[MONTHLY], DATA_SETS[QUARTERLY]
WITHOUT_CLINIC = frozenset(set(UNITS) - {CLINIC_1})


@dataclass(frozen=True, slots=True)
class Case:
    """A row that gets the verdict, what its words must name, and rows that came before it."""

    changes: Mapping[str, Any]
    named: str
    scope: Scope = field(default_factory=make_scope)
    before: Sequence[Row] = ()


CASES: Mapping[str, Case] = {
    "org_unit_too_deep": Case({"org_unit": "UnitTooDeep"}, "UnitTooDeep"),
    "same_value_elsewhere": Case(
        {"data_set": QUARTERLY}, "another data set of the pair", before=[make_row()]
    ),
    "other_data_set": Case(
        {"period": QUARTER},
        f"belongs to another data set with data element {NUMBER}",
        make_scope(data_sets={MONTHLY: MONTHLY_SET}, left_out={QUARTERLY: QUARTERLY_SET}),
    ),
    "identity_unclear": Case(
        {"category_option_combo": "SeveralUid1?"},
        "not clear: it is one of two",
        make_scope(doubts={"SeveralUid1?": "it is one of two"}),
    ),
    "period_malformed": Case({"period": "2025-11"}, "2025-11"),
    "period_not_asked": Case({"period": "202401"}, "202401"),
    "data_set_unknown": Case({}, MONTHLY, make_scope(destination_data_sets={})),
    "data_set_read_only": Case({}, MONTHLY, scope_with_monthly(may_write=False)),
    "period_wrong_type": Case(
        {"data_element": NOTE, "period": QUARTER}, f"{QUARTER} .* data set {MONTHLY}"
    ),
    "data_element_outside_data_set": Case(
        {"data_element": STOCK}, f"{STOCK} is not in data set {MONTHLY}"
    ),
    "org_unit_unknown": Case(
        {},
        CLINIC_1,
        make_scope(destination_units={uid: UNITS[uid] for uid in WITHOUT_CLINIC}),
    ),
    "org_unit_outside_data_set": Case(
        {},
        f"{CLINIC_1} is not assigned to data set {MONTHLY}",
        scope_with_monthly(org_units=frozenset()),
    ),
    "org_unit_outside_account": Case({}, CLINIC_1, make_scope(writable=WITHOUT_CLINIC)),
    "org_unit_not_open": Case(
        {},
        f"{CLINIC_1} opened after period {MONTH}",
        make_scope(
            destination_units={**UNITS, CLINIC_1: make_unit(UNITS[CLINIC_1].path, "2025-12-01")},
            strict_keys=True,
        ),
    ),
    "category_option_combo_outside": Case(
        {"category_option_combo": "OptionOther"},
        f"OptionOther is unknown at the destination, or not one of data element {NUMBER}",
    ),
    "attribute_option_combo_outside": Case(
        {"attribute_option_combo": "OptionOther"},
        f"OptionOther is unknown at the destination, or not one of data set {MONTHLY}",
    ),
    "duplicate_key": Case({"value": "6"}, "more than once", before=[make_row(value="5")]),
    "empty_value": Case({"value": " ", "comment": ""}, "empty"),
    "comment_without_value": Case(
        {"value": None, "comment": "closed for floods"},
        "Enter a value",
        make_scope(requires_value=True),
    ),
    "value_misfit": Case({"value": "1.0"}, f"{NUMBER}: INTEGER must be a whole number"),
}


def test_the_table_of_verdicts_is_closed() -> None:
    assert set(CASES) == set(VERDICTS)
    assert {verdict.outcome for verdict in VERDICTS.values()} == {
        Outcome.FILTERED,
        Outcome.QUARANTINED,
    }


@pytest.mark.parametrize("verdict", CASES)
def test_every_verdict_has_a_row_and_names_the_thing(
    database: Database, tmp_path: Path, verdict: str
) -> None:
    case = CASES[verdict]
    rows = [*case.before, make_row(**case.changes)]
    judged = check_rows(database, tmp_path, rows, case.scope)[-1]
    assert judged["verdict"] == verdict
    assert "{" not in judged["reason"]
    assert re.search(case.named, judged["reason"])


FIT: Mapping[str, Mapping[str, Any]] = {
    "a number": {},
    "a quarter in a quarterly set": {
        "data_set": QUARTERLY,
        "data_element": STOCK,
        "period": QUARTER,
    },
    "a variant of true": {"data_element": FLAG, "value": "1"},
    "a comment alone": {"value": None, "comment": "closed for floods"},
    "an empty value with a comment": {"value": "", "comment": "closed for floods"},
    "a text": {"data_element": NOTE, "value": 'it\'s "ünfit"?'},
}


@pytest.mark.parametrize("name", FIT)
def test_a_fit_row_has_no_verdict_and_stays_as_it_is(
    database: Database, tmp_path: Path, name: str
) -> None:
    row = make_row(**FIT[name])
    (judged,) = check_rows(database, tmp_path, [row])
    assert judged["verdict"] is judged["reason"] is None
    assert {key: judged[key] for key in row} == row
    assert judged["value_type"]


def test_the_opening_date_binds_newer_servers_only(database: Database, tmp_path: Path) -> None:
    late = {**UNITS, CLINIC_1: make_unit(UNITS[CLINIC_1].path, "2025-12-01")}
    unknown = {**UNITS, CLINIC_1: make_unit(UNITS[CLINIC_1].path, None)}
    on_the_last_day = {**UNITS, CLINIC_1: make_unit(UNITS[CLINIC_1].path, "2025-11-30")}
    for units, binds in ((late, False), (unknown, True), (on_the_last_day, True)):
        scope = make_scope(destination_units=units, strict_keys=binds)
        assert list_verdicts(check_rows(database, tmp_path, [make_row()], scope)) == [None]


def test_a_deleted_row_needs_no_value_anywhere(database: Database, tmp_path: Path) -> None:
    row = make_row(value=None, comment="closed for floods", deleted=True)
    scope = make_scope(requires_value=True)
    assert list_verdicts(check_rows(database, tmp_path, [row], scope)) == [None]


def test_a_combo_that_an_element_has_left_behind_is_taken_up_to_2_42(
    database: Database, tmp_path: Path
) -> None:
    combos = {COMBO: frozenset({OPTION}), "ComboOther0": frozenset({"OptionOther"})}
    rows = [
        make_row(category_option_combo="OptionOther"),
        make_row(attribute_option_combo="OptionOther"),
    ]
    lenient = make_scope(option_combos=combos, strict_keys=False)
    strict = make_scope(option_combos=combos, strict_keys=True)
    assert list_verdicts(check_rows(database, tmp_path, rows, lenient)) == [None, None]
    assert list_verdicts(check_rows(database, tmp_path, rows, strict)) == [
        "category_option_combo_outside",
        "attribute_option_combo_outside",
    ]


@pytest.mark.parametrize("verdict", sorted(set(CASES) - {"duplicate_key"}))
def test_a_deleted_row_is_judged_by_whether_the_destination_could_be_looked_at(
    database: Database, tmp_path: Path, verdict: str
) -> None:
    case = CASES[verdict]
    before = [row | {"deleted": True} for row in case.before]
    rows = [*before, make_row(**case.changes, deleted=True)]
    judged = check_rows(database, tmp_path, rows, case.scope)[-1]
    unseen = {
        "identity_unclear",
        "data_set_unknown",
        "data_element_outside_data_set",
        "org_unit_outside_account",
    }
    is_named = VERDICTS[verdict].outcome == Outcome.FILTERED or verdict in unseen
    assert judged["verdict"] == (verdict if is_named else None)


def test_a_deleted_row_is_carried_by_the_data_set_that_it_belongs_to(
    database: Database, tmp_path: Path
) -> None:
    early = replace(QUARTERLY_SET, id="ADataSetQua")
    both = {"ADataSetQua": early, MONTHLY: MONTHLY_SET}
    for theirs in (both, {MONTHLY: MONTHLY_SET}):
        scope = make_scope(data_sets=both, destination_data_sets=theirs)
        rows = [make_row(data_set="ADataSetQua", deleted=True), make_row(deleted=True)]
        verdicts = list_verdicts(check_rows(database, tmp_path, rows, scope))
        assert verdicts == ["same_value_elsewhere", None]


_rows = st.builds(
    make_row,
    data_set=st.sampled_from([MONTHLY, QUARTERLY, "DataSetNone"]),
    data_element=st.sampled_from([NUMBER, FLAG, STOCK, "ElementNone"]),
    period=st.sampled_from([MONTH, QUARTER, "2025-11", "2019"]),
    org_unit=st.sampled_from([CLINIC_1, CLINIC_2, "UnitNowhere"]),
    category_option_combo=st.sampled_from([OPTION, "OptionOther"]),
    value=st.sampled_from(["1", "0", "true", "x", "", None]),
    comment=st.sampled_from([None, "", "unsure"]),
    deleted=st.booleans(),
)


@settings(max_examples=20)
@given(st.lists(_rows, max_size=30))
def test_no_row_is_dropped_none_doubled_and_none_changed(rows: list[Row]) -> None:
    with open_scratch() as (database, folder):
        judged = check_rows(database, folder, rows)
    names = list(make_row())
    assert [{name: row[name] for name in names} for row in judged] == number_rows(rows)
    assert all((row["verdict"] is None) == (row["reason"] is None) for row in judged)
    assert all(row["verdict"] in VERDICTS for row in judged if row["verdict"])


@settings(max_examples=20)
@given(st.lists(_rows, max_size=30))
def test_of_all_fit_rows_no_two_have_one_key(rows: list[Row]) -> None:
    with open_scratch() as (database, folder):
        fit = [row for row in check_rows(database, folder, rows) if row["verdict"] is None]
    keys = [tuple(row[name] for name in list(make_row())[3:8]) for row in fit]
    assert len(keys) == len(set(keys))
