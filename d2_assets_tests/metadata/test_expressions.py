"""UIDs in texts: only what stands where the grammar has a UID is one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.metadata.expression_grammar import Kind, find_places
from d2_assets.metadata.expression_members import EXPRESSIONS
from d2_assets.metadata.expressions import (
    find_candidates,
    iterate_body_ids,
    iterate_expression_ids,
    rewrite_body,
    rewrite_expression,
)

DE, DE2 = "DataElemOne", "DataElemTwo"
COC, AOC = "OptionCombo", "AttribCombo"


def _move(*rows: tuple[str, str, str]) -> Crosswalk:
    return Crosswalk(tuple(Match(plural, old, new, "table") for plural, old, new in rows))


def _ids(text: str, kind: Kind = Kind.INDICATOR) -> list[tuple[str, str]]:
    return list(iterate_expression_ids(text, kind))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#{DataElemOne}", [("dataElements", DE)]),
        ("#{DataElemOne.OptionCombo}", [("dataElements", DE), ("categoryOptionCombos", COC)]),
        (
            "#{DataElemOne.OptionCombo.AttribCombo}",
            [("dataElements", DE), ("categoryOptionCombos", COC), ("categoryOptionCombos", AOC)],
        ),
        ("#{DataElemOne.*.AttribCombo}", [("dataElements", DE), ("categoryOptionCombos", AOC)]),
        ("#{DataElemOne}.periodOffset(-1)", [("dataElements", DE)]),
        (
            "#{deGroup:ElemGroup01&ElemGroup02.coGroup:CatOptGroup}",
            [
                ("dataElementGroups", "ElemGroup01"),
                ("dataElementGroups", "ElemGroup02"),
                ("categoryOptionGroups", "CatOptGroup"),
            ],
        ),
        (
            "#{DataElemOne.co:CatOption01}",
            [("dataElements", DE), ("categoryOptions", "CatOption01")],
        ),
        ("D{ProgramOne1.DataElemOne}", [("programs", "ProgramOne1"), ("dataElements", DE)]),
        (
            "D{ProgramOne1.DataElemOne.OptionOne11}",
            [("programs", "ProgramOne1"), ("dataElements", DE), ("options", "OptionOne11")],
        ),
        (
            "A{ProgramOne1.AttributeO1}",
            [("programs", "ProgramOne1"), ("trackedEntityAttributes", "AttributeO1")],
        ),
        ("I{ProgIndicat}", [("programIndicators", "ProgIndicat")]),
        ("N{IndicatorO1}", [("indicators", "IndicatorO1")]),
        ("R{DataSetOne1.REPORTING_RATE_ON_TIME}", [("dataSets", "DataSetOne1")]),
        ("R{DataSetOne1.EXPECTED_REPORTS}", [("dataSets", "DataSetOne1")]),
        ("C{ConstantOn1} * OUG{UnitGroup01}", [
            ("constants", "ConstantOn1"),
            ("organisationUnitGroups", "UnitGroup01"),
        ]),
        (
            "if(orgUnit.ancestor(UnitOneOne1, UnitTwoTwo2), 1, 0)",
            [("organisationUnits", "UnitOneOne1"), ("organisationUnits", "UnitTwoTwo2")],
        ),
        ("orgUnit.group(UnitGroup01)", [("organisationUnitGroups", "UnitGroup01")]),
        ("orgUnit.dataSet(DataSetOne1)", [("dataSets", "DataSetOne1")]),
        ("orgUnit.program(ProgramOne1)", [("programs", "ProgramOne1")]),
        ("subExpression(if(#{DataElemOne} > 5, 1, 0))", [("dataElements", DE)]),
    ],
)  # fmt: skip
def test_formulas_of_aggregate_data_name_their_items(text, expected) -> None:
    assert _ids(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#{StageOneOne.DataElemOne}", [("programStages", "StageOneOne"), ("dataElements", DE)]),
        ("A{AttributeO1}", [("trackedEntityAttributes", "AttributeO1")]),
        ("C{ConstantOn1}", [("constants", "ConstantOn1")]),
        (
            "d2:daysBetween(V{enrollment_date}, PS_EVENTDATE:StageOneOne)",
            [("programStages", "StageOneOne")],
        ),
        ("d2:relationshipCount('RelTypeOne1')", [("relationshipTypes", "RelTypeOne1")]),
        (
            "d2:condition('#{StageOneOne.DataElemOne} > 3', 1, 0)",
            [("programStages", "StageOneOne"), ("dataElements", DE)],
        ),
    ],
)
def test_formulas_of_programs_name_their_items(text, expected) -> None:
    assert _ids(text, Kind.PROGRAM) == expected


def test_variables_of_rules_are_names_even_if_they_look_like_a_uid() -> None:
    assert _ids("#{DataElemOne} == 'x' && A{AttributeO1} && V{current_date}", Kind.RULE) == []
    assert _ids("#{bmi} > C{ConstantOn1}", Kind.RULE) == [("constants", "ConstantOn1")]
    assert _ids("d2:hasUserRole('RoleOneOne1')", Kind.RULE) == [("userRoles", "RoleOneOne1")]
    assert _ids('d2:inOrgUnitGroup("UnitGroup01")', Kind.RULE) == [
        ("organisationUnitGroups", "UnitGroup01")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "DataElemOne",
        "the word Enrollments is no UID",
        "V{DataElemOne}",
        "DATA{DataElemOne}",
        "{DataElemOne}",
        "#{DataElemOn}",
        "#{DataElemOne1}",
        "#{one.two.three.DataElemOne}",
        "#{xx:DataElemOne}",
        "myorgUnit.group(UnitGroup01)",
        "if(DataElemOne, 1, 0)",
        "'DataElemOne'",
    ],
)
def test_what_only_looks_like_a_uid_is_none(text) -> None:
    assert find_places(text, Kind.INDICATOR) == []


def test_an_item_within_a_function_is_read_once() -> None:
    text = "d2:inOrgUnitGroup(C{ConstantOn1})"
    assert _ids(text, Kind.RULE) == [("constants", "ConstantOn1")]


def test_entry_forms_name_fields_totals_and_indicators() -> None:
    html = (
        '<input id="DataElemOne-OptionCombo-val" title="DataElemOne" name="entryfield"/>'
        '<input id="totalDataElemTwo" dataelementid="DataElemTwo"/>'
        '<input id="indicatorIndicatorO1" indicatorid="IndicatorO1"/>'
        '<input attributeid="AttributeO1"/>'
    )
    crosswalk = _move(
        ("dataElements", DE, "NewElement1"),
        ("categoryOptionCombos", COC, "NewCombo111"),
        ("dataElements", DE2, "NewElement2"),
        ("indicators", "IndicatorO1", "NewIndicat1"),
    )
    assert rewrite_expression(html, crosswalk, Kind.FORM) == (
        '<input id="NewElement1-NewCombo111-val" title="DataElemOne" name="entryfield"/>'
        '<input id="totalNewElement2" dataelementid="NewElement2"/>'
        '<input id="indicatorNewIndicat1" indicatorid="NewIndicat1"/>'
        '<input attributeid="AttributeO1"/>'
    )
    assert ("trackedEntityAttributes", "AttributeO1") in _ids(html, Kind.FORM)


def test_the_form_of_a_program_names_stage_and_element() -> None:
    html = "<input id='StageOneOne-DataElemOne-val'>"
    crosswalk = _move(
        ("programStages", "StageOneOne", "NewStage111"), ("dataElements", DE, "NewElement1")
    )
    assert rewrite_expression(html, crosswalk, Kind.FORM) == (
        "<input id='NewStage111-NewElement1-val'>"
    )


@pytest.mark.parametrize(
    ("plural", "body", "expected"),
    [
        (
            "validationRules",
            {"leftSide": {"expression": "#{DataElemOne}", "description": "#{DataElemOne}"}},
            {"leftSide": {"expression": "#{NewElement1}", "description": "#{DataElemOne}"}},
        ),
        (
            "programIndicators",
            {"analyticsPeriodBoundaries": [{"boundaryTarget": "#{StageOneOne.DataElemOne}"}]},
            {"analyticsPeriodBoundaries": [{"boundaryTarget": "#{StageOneOne.NewElement1}"}]},
        ),
        (
            "visualizations",
            {"rowDimensions": ["pe", "DataElemOne"], "series": [{"dimensionItem": "DataElemOne"}]},
            {"rowDimensions": ["pe", "NewElement1"], "series": [{"dimensionItem": "NewElement1"}]},
        ),
        (
            "maps",
            {"mapViews": [{"rowDimensions": ["StageOneOne.DataElemOne"], "layer": "DataElemOne"}]},
            {"mapViews": [{"rowDimensions": ["StageOneOne.NewElement1"], "layer": "DataElemOne"}]},
        ),
        (
            "eventFilters",
            {"eventQueryCriteria": {"dataFilters": [{"dataItem": "DataElemOne", "eq": "x"}]}},
            {"eventQueryCriteria": {"dataFilters": [{"dataItem": "NewElement1", "eq": "x"}]}},
        ),
        (
            "relationshipTypes",
            {"fromConstraint": {"trackerDataView": {"dataElements": ["DataElemOne"]}}},
            {"fromConstraint": {"trackerDataView": {"dataElements": ["NewElement1"]}}},
        ),
        ("indicators", {"numerator": None, "name": "DataElemOne"}, None),
        ("sqlViews", {"sqlQuery": "select 'DataElemOne'"}, None),
        ("maps", {"mapViews": "none", "basemap": "osmLight"}, None),
    ],
)  # fmt: skip
def test_only_the_members_of_the_table_are_rewritten(plural, body, expected) -> None:
    crosswalk = _move(("dataElements", DE, "NewElement1"))
    assert rewrite_body(body, plural, crosswalk) == (expected or body)


def test_an_object_tells_by_which_member_it_names_what() -> None:
    body = {"numerator": "#{DataElemOne}", "denominator": "C{ConstantOn1}", "name": "x"}
    assert list(iterate_body_ids(body, "indicators")) == [
        ("numerator", ("dataElements", DE)),
        ("denominator", ("constants", "ConstantOn1")),
    ]


def test_a_crosswalk_must_know_of_all_classes_that_a_text_may_name() -> None:
    body = {"htmlCode": '<input id="DataElemOne-OptionCombo-val"/>'}
    assert find_candidates(body, "dataEntryForms") == {
        "dataElements",
        "programStages",
        "categoryOptionCombos",
    }
    assert find_candidates({"columnDimensions": ["DataElemOne"]}, "visualizations") == frozenset()


def test_sections_name_the_category_that_they_pivot() -> None:
    options = '{"pivotMode": "pivot", "pivotedCategory": "CategoryOn1", "note": "CategoryOn1"}'
    crosswalk = _move(("categories", "CategoryOn1", "NewCategor1"))
    assert rewrite_body({"displayOptions": options}, "sections", crosswalk) == {
        "displayOptions": '{"pivotMode": "pivot", "pivotedCategory": "NewCategor1", '
        '"note": "CategoryOn1"}'
    }


_UIDS = st.from_regex(r"[A-Z][A-Za-z0-9]{10}", fullmatch=True)
_FILLERS = st.sampled_from(
    [" + ", "(", ")", " 'Enrollments' ", "if(", ", ", "&&", "[days]", "V{event_date}", "#{name}"]
) | st.text("abcXYZ019 .:#{}'\"", max_size=8)
_INDICATOR_ITEMS = st.one_of(
    st.tuples(_UIDS).map(lambda ids: (f"#{{{ids[0]}}}", ids)),
    st.tuples(_UIDS, _UIDS).map(lambda ids: (f"#{{{ids[0]}.{ids[1]}}}", ids)),
    st.tuples(_UIDS, _UIDS).map(lambda ids: (f"D{{{ids[0]}.{ids[1]}}}", ids)),
    st.tuples(_UIDS).map(lambda ids: (f" R{{{ids[0]}.REPORTING_RATE}}", ids)),
    st.tuples(_UIDS).map(lambda ids: (f" N{{{ids[0]}}}", ids)),
)
_PLURALS = sorted({"dataElements", "categoryOptionCombos", "programs", "dataSets", "indicators"})
_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")


@given(st.lists(st.tuples(_FILLERS, _INDICATOR_ITEMS), max_size=6), st.data())
def test_rewriting_changes_uids_and_nothing_else(pieces, data) -> None:
    text = "".join(filler + item for filler, (item, _) in pieces)
    uids = sorted({uid for _, (_, ids) in pieces for uid in ids})
    chosen = data.draw(st.sets(st.sampled_from(uids))) if uids else set()
    new = {uid: f"z{number:010}" for number, uid in enumerate(sorted(chosen))}
    there = _move(*((plural, uid, new[uid]) for plural in _PLURALS for uid in chosen))
    back = _move(*((plural, new[uid], uid) for plural in _PLURALS for uid in chosen))

    moved = rewrite_expression(text, there)

    assert len(moved) == len(text)
    assert rewrite_expression(moved, back) == text
    assert rewrite_expression(text, Crosswalk()) == text
    changed = {place.start for place in find_places(text, Kind.INDICATOR) if place.uid in chosen}
    inside = {at for start in changed for at in range(start, start + 11)}
    assert all(
        a == b for at, (a, b) in enumerate(zip(text, moved, strict=True)) if at not in inside
    )


@given(st.text(), st.sampled_from(Kind))
def test_any_text_can_be_read_and_holds_the_uids_that_are_told(text: str, kind: Kind) -> None:
    end = 0
    for place in find_places(text, kind):
        assert place.start >= end
        end = place.start + len(place.uid)
        assert text[place.start : end] == place.uid
        assert _UID.fullmatch(place.uid)
        assert place.plurals


def test_every_kind_of_text_is_read() -> None:
    used = {kind for members in EXPRESSIONS.values() for kind in members.values()}
    assert used == set(Kind)
