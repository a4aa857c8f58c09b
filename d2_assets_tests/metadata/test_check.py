"""What would land damaged waits, and what needs it waits with it; each says why."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.metadata.check import Checked, Known, check_references
from d2_assets.metadata.objects import Key, MetadataObject
from d2_assets_tests.metadata.classes import SCHEMAS, klass, make_schemas, reference

COMBO = "bjDvmb4bfuf"
KNOWN = Known(
    {"categoryCombos": frozenset({COMBO})},
    {("optionSets", "set"): "Sexes", ("dataElements", "gone"): "Births"},
)


def element(uid: str, **members: Any) -> MetadataObject:
    body = {"id": uid, "name": uid.title(), "categoryCombo": {"id": COMBO}, **members}
    return MetadataObject("dataElements", uid, body)


def data_set(uid: str, *elements: str) -> MetadataObject:
    parts = [{"dataSet": {"id": uid}, "dataElement": {"id": element}} for element in elements]
    return MetadataObject("dataSets", uid, {"id": uid, "name": uid, "dataSetElements": parts})


def check(*objects: MetadataObject, **more: Any) -> Checked:
    return check_references(objects, KNOWN, SCHEMAS, **more)


def test_an_object_goes_when_all_it_refers_to_is_there_or_goes_with_it() -> None:
    checked = check(element("anc"), data_set("set", "anc"))
    assert [item.id for item in checked.objects] == ["anc", "set"]
    assert checked.needs["dataSets", "set"] == {("dataElements", "anc")}
    assert not checked.refusals


def test_an_optional_reference_counts_too_since_it_would_land_without_it() -> None:
    checked = check(element("anc", optionSet={"id": "set"}))
    assert [refusal.code for refusal in checked.refusals] == ["missing_reference"]
    assert "optionSet: set of optionSets (at the source: «Sexes»)" in checked.refusals[0].reason


def test_what_needs_a_refused_object_names_it_and_its_cause() -> None:
    checked = check(element("anc", optionSet={"id": "set"}), data_set("d", "anc"), element("ok"))
    reasons = {refusal.id: refusal for refusal in checked.refusals}
    assert reasons.keys() == {"anc", "d"}
    assert reasons["d"].code == "needs_refused"
    assert "anc of dataElements" in reasons["d"].reason
    assert "Sexes" in reasons["d"].reason


def test_what_needs_an_object_that_was_set_aside_before_says_why_that_waits() -> None:
    aside = {("dataElements", "gone"): "Its value type is unknown there."}
    refusal = check(data_set("d", "gone"), set_aside=aside).refusals[0]
    assert refusal.code == "needs_refused"
    assert "«Births»" in refusal.reason
    assert "Its value type is unknown there." in refusal.reason


def test_a_pair_that_only_updates_does_not_send_what_needs_a_new_object() -> None:
    checked = check(element("new"), data_set("d", "new"), held=[("dataElements", "new")])
    assert [(one.id, one.code) for one in checked.refusals] == [("d", "needs_held")]
    assert [item.id for item in checked.objects] == ["new"]


def test_a_member_that_a_later_family_sets_is_left_out_and_counted() -> None:
    later = {("dataElements", "optionSet")}
    checked = check(element("anc", optionSet={"id": "set"}), later=later)
    assert checked.deferred == ((("dataElements", "anc"), "optionSet"),)
    assert "optionSet" not in checked.objects[0].body
    there = Known({**KNOWN.present, "optionSets": frozenset({"set"})})
    whole = check_references([element("anc", optionSet={"id": "set"})], there, SCHEMAS, later=later)
    assert whole.objects[0].body["optionSet"] == {"id": "set"}
    assert not whole.deferred


def test_a_long_list_of_missing_things_is_cut_in_words() -> None:
    reason = check(data_set("d", *(f"element{n}" for n in range(30)))).refusals[0].reason
    assert "and 27 more" in reason


def test_event_reports_charts_and_visualizations_are_one() -> None:
    item = MetadataObject("dashboards", "d", {"id": "d", "dashboardItems": []})
    known = Known({"eventVisualizations": frozenset({"chart"})})
    assert known.has(("eventCharts", "chart"))
    assert known.has(("eventReports", "chart"))
    assert not known.has(("visualizations", "chart"))
    assert check_references([item], known, SCHEMAS).objects == (item,)


def test_what_needs_an_event_report_that_waits_under_its_present_name_says_so() -> None:
    schemas = make_schemas(
        klass("eventVisualization", "eventVisualizations"),
        klass("eventReport", "eventReports"),
        klass("dashboard", "dashboards", reference("eventReport", "EventReport")),
    )
    body = {"id": "d", "eventReport": {"id": "report"}}
    aside = {("eventVisualizations", "report"): "It holds a placeholder."}
    checked = check_references(
        [MetadataObject("dashboards", "d", body)], Known({}), schemas, set_aside=aside
    )
    assert checked.refusals[0].code == "needs_refused"
    assert "It holds a placeholder." in checked.refusals[0].reason


@st.composite
def objects(draw: st.DrawFn) -> list[MetadataObject]:
    """Data sets and elements that refer to each other, to nothing, and to what is not there."""
    count = draw(st.integers(1, 8))
    uids = st.sampled_from([f"element{n}" for n in range(count + 2)])
    elements = [
        element(f"element{n}", **draw(st.sampled_from([{}, {}, {"optionSet": {"id": "set"}}])))
        for n in range(count)
    ]
    sets = [data_set(f"set{n}", *draw(st.sets(uids))) for n in range(count)]
    return draw(st.permutations(elements + sets))


@given(objects())
def test_each_object_is_kept_or_refused_and_all_that_is_kept_has_what_it_needs(
    given_objects: list[MetadataObject],
) -> None:
    checked = check(*given_objects)
    kept = {item.key for item in checked.objects}
    refused = {refusal.key for refusal in checked.refusals}
    assert kept | refused == {item.key for item in given_objects}
    assert not kept & refused
    for item in checked.objects:
        needs: frozenset[Key] = checked.needs[item.destination_key]
        assert needs <= kept
        assert {("dataElements", uid) for uid in _elements(item)} <= kept


def _elements(item: MetadataObject) -> list[str]:
    return [part["dataElement"]["id"] for part in item.body.get("dataSetElements", ())]
