from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.scope import Cut, read_scope, split_reads
from d2_assets.dhis2.metadata import OrgUnit
from d2_assets.errors import ConfigurationError
from d2_assets.mapping.hierarchy import find_covering_roots, find_roots
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    COMBO,
    COUNTRY,
    DATA_SETS,
    MONTHLY,
    OPTION,
    QUARTERLY,
    REGION_1,
    REGION_2,
    UNITS,
    make_unit,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2

MONTHLY_ONLY = (DATA_SETS[MONTHLY],)


def _count_covering(cuts: Sequence[Cut], unit: OrgUnit) -> int:
    above = set(unit.path.split("/"))
    return sum(
        uid in above if cut.children else uid == unit.id for cut in cuts for uid in cut.org_units
    )


@st.composite
def trees(draw: st.DrawFn) -> Mapping[str, OrgUnit]:
    """A forest of up to 25 units, each below one of those before it or a root."""
    paths = [""]
    for number in range(draw(st.integers(1, 25))):
        paths.append(f"{draw(st.sampled_from(paths))}/u{number}")
    return {unit.id: unit for unit in map(make_unit, paths[1:])}


@st.composite
def parts_of_trees(draw: st.DrawFn) -> Mapping[str, OrgUnit]:
    """Some units of a tree: what the destination has of the source's units."""
    units = draw(trees())
    kept = draw(st.sets(st.sampled_from(sorted(units)), min_size=1))
    return {uid: units[uid] for uid in units if uid in kept}


pull_levels = st.one_of(st.none(), st.integers(1, 6))


@given(parts_of_trees(), pull_levels)
def test_every_unit_is_read_by_exactly_one_cut(
    units: Mapping[str, OrgUnit], pull_level: int | None
) -> None:
    cuts = split_reads(units, find_covering_roots(units), pull_level)
    assert [_count_covering(cuts, unit) for unit in units.values()] == [1] * len(units)


@given(trees(), st.data(), pull_levels)
def test_nested_roots_are_read_once(
    units: Mapping[str, OrgUnit], data: st.DataObject, pull_level: int | None
) -> None:
    wanted = data.draw(st.lists(st.sampled_from(sorted(units)), min_size=1))
    roots = find_roots(units, wanted, "national")
    inside = {
        uid: unit for uid, unit in units.items() if not set(wanted).isdisjoint(unit.path.split("/"))
    }
    cuts = split_reads(inside, roots, pull_level)
    assert [_count_covering(cuts, unit) for unit in inside.values()] == [1] * len(inside)


def test_the_units_above_the_pull_level_are_asked_for_alone() -> None:
    assert split_reads(UNITS, (COUNTRY,), 2) == (
        Cut((REGION_1,), children=True),
        Cut((REGION_2,), children=True),
        Cut((COUNTRY,), children=False),
    )


def test_many_units_are_asked_for_in_requests_of_a_hundred() -> None:
    units = {unit.id: unit for unit in (make_unit(f"/u{number}") for number in range(250))}
    cuts = split_reads(units, tuple(units), None)
    assert [len(cut.org_units) for cut in cuts] == [100, 100, 50]


def test_the_whole_of_a_source_is_the_scope_where_nothing_is_chosen() -> None:
    scope = read_scope(FakeDHIS2().client, FakeDHIS2().client, Choices())
    assert set(scope.data_sets) == set(scope.shared_data_sets) == {MONTHLY, QUARTERLY}
    assert scope.left_out == {}
    assert scope.source_units == UNITS
    assert scope.source_cuts == scope.destination_cuts == (Cut((COUNTRY,), children=True),)
    assert scope.writable == set(UNITS)
    assert scope.option_combos == {COMBO: {OPTION}}


def test_what_the_pair_leaves_out_and_the_destination_lacks_is_known() -> None:
    scope = read_scope(FakeDHIS2().client, FakeDHIS2().client, Choices(data_sets=(MONTHLY,)))
    assert set(scope.data_sets) == {MONTHLY}
    assert set(scope.left_out) == {QUARTERLY}
    destination = FakeDHIS2(data_sets=MONTHLY_ONLY)
    scope = read_scope(FakeDHIS2().client, destination.client, Choices())
    assert scope.shared_data_sets == (MONTHLY,)


def test_units_below_the_deepest_level_are_out_of_scope() -> None:
    scope = read_scope(FakeDHIS2().client, FakeDHIS2().client, Choices(deepest_level=2))
    assert set(scope.source_units) == {COUNTRY, REGION_1, REGION_2}


def test_a_root_is_read_with_all_below_it() -> None:
    scope = read_scope(
        FakeDHIS2().client, FakeDHIS2().client, Choices(org_units=(REGION_1, CLINIC_1))
    )
    assert set(scope.source_units) == {REGION_1, CLINIC_1, CLINIC_2}
    assert scope.source_cuts == (Cut((REGION_1,), children=True),)


def test_a_unit_that_the_destination_lacks_or_keeps_from_us_is_not_asked_for_there() -> None:
    theirs = [unit for uid, unit in UNITS.items() if uid not in (COUNTRY, REGION_2)]
    destination = FakeDHIS2(org_units=theirs, account_units=(REGION_1,))
    scope = read_scope(FakeDHIS2().client, destination.client, Choices())
    assert scope.destination_cuts == (Cut((REGION_1,), children=True),)
    assert scope.writable == {REGION_1, CLINIC_1, CLINIC_2}


@pytest.mark.parametrize("pull_level", [None, 2])
def test_a_unit_that_lies_elsewhere_at_the_destination_is_read_there(
    pull_level: int | None,
) -> None:
    moved = make_unit(f"/{COUNTRY}/UnitUnshare/{CLINIC_1}")
    theirs = {**UNITS, CLINIC_1: moved, "UnitUnshare": make_unit(f"/{COUNTRY}/UnitUnshare")}
    destination = FakeDHIS2(org_units=list(theirs.values()))
    scope = read_scope(FakeDHIS2().client, destination.client, Choices(pull_level=pull_level))
    assert _count_covering(scope.destination_cuts, moved) == 1


def test_the_source_is_read_below_the_units_that_its_account_sees() -> None:
    source = FakeDHIS2(account_units=(REGION_2,))
    scope = read_scope(source.client, FakeDHIS2().client, Choices())
    assert set(scope.source_units) == {REGION_2, CLINIC_3}


def test_only_newer_servers_are_bound_by_opening_dates_and_ask_for_a_value() -> None:
    for version, binds in (("2.42.4", False), ("2.43.1", True)):
        scope = read_scope(FakeDHIS2().client, FakeDHIS2(version=version).client, Choices())
        assert scope.strict_keys is binds
        assert scope.requires_value is binds


@pytest.mark.parametrize(
    ("choices", "named", "key"),
    [
        (Choices(data_sets=(MONTHLY, "DataSetNone")), "DataSetNone", "filters.data_sets"),
        (Choices(org_units=(COUNTRY, "UnitNowhere")), "UnitNowhere", "filters.org_units"),
    ],
)
def test_what_the_source_lacks_is_named(choices: Choices, named: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"national has no .*{named}") as refused:
        read_scope(FakeDHIS2(name="national").client, FakeDHIS2().client, choices)
    assert refused.value.key == key
    assert key in refused.value.remedy


def test_an_account_without_units_at_the_source_is_named() -> None:
    source = FakeDHIS2(name="national", account_units=())
    with pytest.raises(ConfigurationError, match="mover at national has no organisation units"):
        read_scope(source.client, FakeDHIS2().client, Choices())


def test_a_root_below_the_deepest_level_is_named() -> None:
    for pull_level in (None, 1):
        choices = Choices(org_units=(CLINIC_1,), deepest_level=2, pull_level=pull_level)
        with pytest.raises(ConfigurationError, match="deepest_level 2") as refused:
            read_scope(FakeDHIS2().client, FakeDHIS2().client, choices)
        assert refused.value.key == "filters.deepest_level"


def test_a_data_set_keeps_its_place_in_the_choice_of_the_pair() -> None:
    renamed = replace(DATA_SETS[MONTHLY], name="Other name")
    destination = FakeDHIS2(data_sets=[DATA_SETS[QUARTERLY], renamed])
    choices = Choices(data_sets=(QUARTERLY, MONTHLY))
    scope = read_scope(FakeDHIS2().client, destination.client, choices)
    assert scope.shared_data_sets == (QUARTERLY, MONTHLY)
