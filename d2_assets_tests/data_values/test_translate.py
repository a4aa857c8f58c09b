from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event

from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.chosen import Chosen
from d2_assets.data_values.content import CLASSES, KEY, define_names, digest
from d2_assets.data_values.identities import Identities
from d2_assets.data_values.scope import read_scope
from d2_assets.data_values.translate import (
    find_strange_option_combos,
    identify,
    restore_values,
    translate_chosen,
    translate_registrations,
    translate_values,
)
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    DATA_SETS,
    MONTH,
    MONTHLY,
    NOTE,
    NUMBER,
    OPTION,
    UNITS,
    check_rows,
    make_row,
    make_scope,
    number_rows,
    open_scratch,
    read_rows,
    stage_rows,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2

_WALKED = {
    "data_element": "OtherNumbr1",
    "org_unit": "OtherClinc1",
    "category_option_combo": "OtherOptio1",
}
_HERE = {"data_element": NUMBER, "org_unit": CLINIC_1, "category_option_combo": OPTION}


def _walk(pairs: Mapping[tuple[str, str], str]) -> Crosswalk:
    return Crosswalk(
        tuple(Match(plural, there, here, "code") for (plural, there), here in pairs.items())
    )


WALK = _walk({(CLASSES[name], _HERE[name]): uid for name, uid in _WALKED.items()})


def test_rows_get_the_destinations_uids_and_keep_the_rest(
    database: Database, tmp_path: Path
) -> None:
    rows = [make_row(), make_row(data_element=NOTE, comment="unsure")]
    stage_rows(database, tmp_path, "source", rows)
    assert translate_values(database, "source", WALK, tmp_path / "translated.parquet")
    database.attach("translated", tmp_path / "translated.parquet")
    combo = dict.fromkeys(("category_option_combo", "attribute_option_combo"), "OtherOptio1")
    assert read_rows(database, "translated") == number_rows(
        [
            make_row(**_WALKED | combo),
            make_row(data_element=NOTE, comment="unsure", org_unit="OtherClinc1", **combo),
        ]
    )


def test_nothing_is_written_where_nothing_differs(database: Database, tmp_path: Path) -> None:
    stage_rows(database, tmp_path, "source", [make_row()])
    assert not translate_values(database, "source", Crosswalk(), tmp_path / "translated.parquet")
    assert not (tmp_path / "translated.parquet").exists()


def test_the_way_back_names_what_the_destination_calls_it(
    database: Database, tmp_path: Path
) -> None:
    stage_rows(database, tmp_path, "ended", [make_row(data_element="OtherNumbr1", org_unit="x")])
    assert restore_values(database, "ended", WALK, tmp_path / "restored.parquet")
    database.attach("restored", tmp_path / "restored.parquet")
    (row,) = read_rows(database, "restored")
    assert (row["data_element"], row["org_unit"]) == (NUMBER, "x")
    assert row["at_destination"] == "data_element OtherNumbr1"


_uids = st.sampled_from(["a", "b", "c", "d", "e"])


@st.composite
def _crosswalks(draw: st.DrawFn) -> Crosswalk:
    """Each class has its own exchange of five UIDs for five others, one for one."""
    pairs: dict[tuple[str, str], str] = {}
    for plural in sorted(set(CLASSES.values())):
        others = draw(st.permutations(["a", "b", "c", "d", "e"]))
        pairs |= {(plural, uid): other for uid, other in zip("abcde", others, strict=True)}
    return _walk(pairs)


@settings(max_examples=25)
@given(_crosswalks(), st.lists(st.fixed_dictionaries(dict.fromkeys(sorted(CLASSES), _uids))), _uids)
def test_there_and_back_again_is_where_it_began(
    walk: Crosswalk, keys: list[Mapping[str, str]], unit: str
) -> None:
    rows = [make_row(**key) for key in [*keys, {"org_unit": unit}]]
    with open_scratch() as (database, folder):
        stage_rows(database, folder, "source", rows)
        if translate_values(database, "source", walk, folder / "there.parquet"):
            database.attach("there", folder / "there.parquet")
            assert restore_values(database, "there", walk, folder / "back.parquet")
            database.attach("back", folder / "back.parquet")
            found = sorted(read_rows(database, "back"), key=lambda row: row["row"])
            for row in found:
                del row["at_destination"]
            assert found == number_rows(rows)


def test_fingerprints_by_the_sources_uids_are_those_of_its_own_rows(
    database: Database, tmp_path: Path
) -> None:
    """Else the two directions of a two-way pair would not know what they share."""
    stage_rows(database, tmp_path, "source", [make_row()])
    assert translate_values(database, "source", WALK, tmp_path / "translated.parquet")
    database.attach("translated", tmp_path / "translated.parquet")

    def read(view: str) -> list[tuple]:
        query = f"SELECT {digest(view)} FROM (SELECT *, 'TEXT' AS value_type FROM {view}) AS {view}"
        return database.rows(query)

    define_names(database)
    plain, other = read("source"), read("translated")
    define_names(database, WALK)
    assert plain == read("translated") != other


def test_registrations_and_chosen_rows_are_translated() -> None:
    one = CompletenessRegistration(MONTHLY, MONTH, CLINIC_1, OPTION, "", True, "awa")
    translated = replace(one, org_unit="OtherClinc1", attribute_option_combo="OtherOptio1")
    key, other = [
        (item.data_set, item.period, item.org_unit, item.attribute_option_combo)
        for item in (one, translated)
    ]
    assert translate_registrations({key: one}, WALK) == {other: translated}
    value = tuple({**_HERE, "period": MONTH}.get(name, OPTION) for name in KEY)
    chosen = Chosen(frozenset({"id"}), frozenset({value}), frozenset({key}), frozenset({MONTHLY}))
    walked = translate_chosen(chosen, WALK)
    there = {**_WALKED, "period": MONTH}
    assert walked.values == {tuple(there.get(name, "OtherOptio1") for name in KEY)}
    assert walked.registrations == {other}
    assert (walked.ids, walked.data_sets) == (chosen.ids, chosen.data_sets)


def test_option_combos_are_strange_when_the_destination_does_not_know_them(
    database: Database, tmp_path: Path
) -> None:
    rows = [make_row(), make_row(category_option_combo="StrangeOpt1")]
    stage_rows(database, tmp_path, "source", rows)
    assert find_strange_option_combos(database, "source", make_scope()) == {"StrangeOpt1"}


def _rename_unit(uid: str, other: str) -> FakeDHIS2:
    """A server that knows one of the units by another UID."""
    monthly = DATA_SETS[MONTHLY]
    units = frozenset(other if unit == uid else unit for unit in monthly.org_units)
    renamed = replace(UNITS[uid], id=other, path=UNITS[uid].path.replace(uid, other))
    return FakeDHIS2(
        data_sets=(replace(monthly, org_units=units),),
        org_units=[renamed if unit.id == uid else unit for unit in UNITS.values()],
    )


def test_a_scope_is_in_the_destinations_uids_and_asks_the_source_by_its_own() -> None:
    source, destination = FakeDHIS2(), _rename_unit(CLINIC_1, "OtherClinc1")
    choices = Choices(
        data_sets=(MONTHLY,),
        org_units=(CLINIC_1,),
        explicit={"organisationUnits": {CLINIC_1: "OtherClinc1"}},
    )
    scope = read_scope(source.client, destination.client, choices)
    assert set(scope.source_units) == {"OtherClinc1"}
    assert [cut.org_units for cut in scope.source_cuts] == [(CLINIC_1,)]
    assert [cut.org_units for cut in scope.destination_cuts] == [("OtherClinc1",)]
    assert "OtherClinc1" in scope.destination_data_sets[MONTHLY].org_units


def test_what_could_be_more_than_one_stands_for_nothing_and_says_why(
    database: Database, tmp_path: Path
) -> None:
    source, destination = FakeDHIS2(), FakeDHIS2()
    choices = Choices(explicit={"dataElements": {NUMBER: "UnknownUid1"}})
    identities = Identities(source.client, destination.client, choices, Event())
    scope = read_scope(source.client, destination.client, choices, identities=identities)
    stage_rows(database, tmp_path, "source", [make_row()])
    assert translate_values(database, "source", scope.crosswalk, tmp_path / "translated.parquet")
    database.attach("translated", tmp_path / "translated.parquet")
    (judged,) = check_rows(
        database, tmp_path, read_rows(database, "translated"), identify(scope, identities)
    )
    assert judged["verdict"] == "identity_unclear"
    assert "UnknownUid1, and the destination has no such object" in judged["reason"]
    assert scope.crosswalk.back("dataElements", judged["data_element"]) == NUMBER
