from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.chosen import (
    Chosen,
    keep_chosen_registrations,
    keep_chosen_values,
    narrow_scope,
    narrow_window,
)
from d2_assets.data_values.extract import STAGED_SCHEMA
from d2_assets.data_values.scope import Cut
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.staging.database import open_database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    DATA_SETS,
    MONTH,
    MONTHLY,
    NOTE,
    NUMBER,
    OPTION,
    QUARTER,
    QUARTERLY,
    UNITS,
    make_row,
    make_scope,
    make_unit,
)
from d2_assets_tests.data_values.fake_dhis2 import key_of

NOTE_HERE = (NOTE, MONTH, CLINIC_1, OPTION, OPTION)
NUMBER_HERE = (NUMBER, QUARTER, CLINIC_2, OPTION, OPTION)
DONE = (QUARTERLY, QUARTER, CLINIC_3, OPTION)


def _choose(*values: tuple[str, ...], done: tuple[tuple[str, str, str, str], ...] = ()) -> Chosen:
    data_sets = {MONTHLY for _ in values} | {key[0] for key in done}
    return Chosen(frozenset(), frozenset(values), frozenset(done), frozenset(data_sets))


def test_only_units_and_data_sets_of_the_chosen_rows_are_read() -> None:
    scope = narrow_scope(make_scope(), _choose(NOTE_HERE))
    assert list(scope.data_sets) == [MONTHLY]
    assert scope.source_cuts == scope.destination_cuts == (Cut((CLINIC_1,), children=False),)
    assert scope.destination_data_sets == DATA_SETS


def test_a_value_is_looked_for_in_every_data_set_with_its_element() -> None:
    scope = narrow_scope(make_scope(), _choose(NUMBER_HERE))
    assert set(scope.data_sets) == {MONTHLY, QUARTERLY}


def test_registrations_are_read_in_their_own_data_set_and_unit() -> None:
    scope = narrow_scope(make_scope(), _choose(done=(DONE,)))
    assert list(scope.data_sets) == [QUARTERLY]
    assert scope.source_cuts == (Cut((CLINIC_3,), children=False),)


def test_units_that_a_side_does_not_show_are_not_asked_for_there() -> None:
    shown = {uid: unit for uid, unit in UNITS.items() if uid != CLINIC_3}
    whole = replace(
        make_scope(), source_units=shown, writable=frozenset(UNITS) - {CLINIC_2, CLINIC_3}
    )
    chosen = _choose(NOTE_HERE, NUMBER_HERE, done=(DONE,))
    scope = narrow_scope(whole, chosen)
    assert scope.source_cuts == (Cut((CLINIC_1, CLINIC_2), children=False),)
    assert scope.destination_cuts == (Cut((CLINIC_1,), children=False),)


def test_many_units_are_asked_for_in_handfuls() -> None:
    units = {f"UnitMany{number:03}": make_unit(f"/UnitMany{number:03}") for number in range(250)}
    whole = replace(make_scope(), source_units=units, writable=frozenset(units))
    chosen = _choose(*((NOTE, MONTH, uid, OPTION, OPTION) for uid in units))
    cuts = narrow_scope(whole, chosen).source_cuts
    assert [len(cut.org_units) for cut in cuts] == [100, 100, 50]
    assert sorted(uid for cut in cuts for uid in cut.org_units) == sorted(units)


def test_every_period_belongs_to_the_month_of_the_list() -> None:
    """Whatever month it would belong to today."""
    window = narrow_window(_choose(NOTE_HERE, NUMBER_HERE), "202510", Choices())
    assert window.months == ("202510",)
    assert dict(window.month_by_period) == {MONTH: "202510", QUARTER: "202510"}
    assert window.of_month("202510").periods.keys() == {MONTH, QUARTER}


def test_periods_that_the_pair_leaves_out_or_nobody_can_write_are_not_asked_for() -> None:
    odd = (NUMBER, "someday", CLINIC_1, OPTION, OPTION)
    chosen = _choose(NOTE_HERE, NUMBER_HERE, odd)
    assert narrow_window(chosen, MONTH, Choices(end_date=date(2025, 10, 31))).periods.keys() == {
        QUARTER
    }
    assert narrow_window(chosen, MONTH, Choices(start_date=date(2026, 1, 1))).periods == {}


_rows = st.lists(
    st.builds(
        make_row,
        data_element=st.sampled_from([NUMBER, NOTE]),
        org_unit=st.sampled_from([CLINIC_1, CLINIC_2]),
        value=st.sampled_from(["1", "2"]),
    ),
    max_size=8,
)


@given(rows=_rows, chosen=st.sets(st.integers(0, 7)))
def test_the_chosen_keys_stay_and_no_others(
    tmp_path_factory, rows: list[dict], chosen: set[int]
) -> None:
    keys = {key_of(row) for number, row in enumerate(rows) if number in chosen}
    with open_database(Path(tmp_path_factory.mktemp("chosen"))) as database:
        database.load("whole", pa.Table.from_pylist(rows, STAGED_SCHEMA))
        keep_chosen_values(database, _choose(*keys), read="whole", kept="source")
        kept = database.rows("SELECT data_element, org_unit, value FROM source")
    wanted = [row for row in rows if key_of(row) in keys]
    assert sorted(kept) == sorted(
        (row["data_element"], row["org_unit"], row["value"]) for row in wanted
    )


def test_the_chosen_registrations_stay_and_no_others() -> None:
    found = {
        key: CompletenessRegistration(*key, "2025-12-01", True, "anna")
        for key in (DONE, (MONTHLY, MONTH, CLINIC_1, OPTION))
    }
    assert keep_chosen_registrations(found, _choose(done=(DONE,))).keys() == {DONE}
