"""Single members on their way between versions, by small schemas and by those of real servers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.dialects import find_dialect
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.policy import Adapted
from d2_assets.metadata.translate import Bridge, says_something, translate_objects
from d2_assets_tests.metadata.classes import klass, make_schemas, part, parts, text, truth
from d2_assets_tests.metadata.versions import bridge
from d2_assets_tests.recordings import needs_recordings


def make(plural: str, **members: Any) -> MetadataObject:
    return MetadataObject(plural, "aaaaaaaaaaa", {"id": "aaaaaaaaaaa", "name": "A", **members})


def translate(source: str, destination: str, *objects: MetadataObject) -> Adapted:
    return translate_objects(objects, bridge(source, destination))


def body_of(adapted: Adapted) -> Mapping[str, Any]:
    (item,) = adapted.objects
    return item.body


OLD = make_schemas(
    klass(
        "thing",
        "things",
        text("label"),
        text("note", length=10),
        text("kind", constants=["ROUND", "FLAT"]),
        parts("pieces", "Piece"),
    ),
    part("piece", "pieces", text("id"), text("colour"), text("label")),
)
NEW = make_schemas(
    klass(
        "thing",
        "things",
        text("shortName", required=True, unique=True, length=20),
        text("note", length=5),
        text("kind", constants=["ROUND"]),
        truth("fresh") | {"required": True},
        parts("pieces", "Piece"),
    ),
    part("piece", "pieces", text("id"), text("colour", required=True)),
)
DIALECT = find_dialect("2.42")[0]
FORTH = Bridge(OLD, NEW, DIALECT, DIALECT)


def forth(*objects: MetadataObject) -> Adapted:
    return translate_objects(objects, FORTH)


def test_what_the_destination_does_not_know_is_left_out_and_told() -> None:
    adapted = forth(make("things", label="Old label", shortName="A"))
    assert "label" not in body_of(adapted)
    (told,) = [one for one in adapted.adaptations if one.property == "label"]
    assert told.what == "left out: Old label"
    assert told.why == "DHIS2 2.42 does not know it."


@pytest.mark.parametrize(
    "value", [None, "", [], {}, False, 0, {"showKey": False}, {"id": "bjDvmb4bfuf"}]
)
def test_what_says_nothing_is_left_out_without_a_word(value: Any) -> None:
    adapted = forth(make("things", label=value))
    assert "label" not in body_of(adapted)
    assert [one.property for one in adapted.adaptations] == ["shortName"]
    assert not says_something(value)


def test_members_that_no_server_owns_go_without_a_word() -> None:
    adapted = forth(make("things", dimensionItemType="INDICATOR"))
    assert "dimensionItemType" not in body_of(adapted)
    assert [one.property for one in adapted.adaptations] == ["shortName"]


def test_parts_are_translated_where_they_stand() -> None:
    pieces = [{"id": "p1", "colour": "red"}, {"id": "p2", "colour": "blue", "label": "L", "z": 1}]
    adapted = forth(make("things", pieces=pieces))
    assert body_of(adapted)["pieces"] == [
        {"id": "p1", "colour": "red"},
        {"id": "p2", "colour": "blue", "z": 1},
    ]
    assert "pieces[1].label" in [one.property for one in adapted.adaptations]


def test_what_nothing_stands_in_for_is_refused_by_name() -> None:
    (refusal,) = forth(make("things", pieces=[{"id": "p1"}])).refusals
    assert refusal.code == "required_missing"
    assert "DHIS2 2.42 requires pieces[0].colour" in refusal.reason


def test_a_short_name_is_made_from_the_name_and_yields_to_the_destinations() -> None:
    adapted = forth(make("things", name="A name that is longer than twenty characters"))
    assert body_of(adapted)["shortName"] == "A name that is longe"
    assert adapted.yielding == {("things", "aaaaaaaaaaa"): frozenset({"shortName", "fresh"})}
    assert [one.what for one in adapted.adaptations] == ["set to «A name that is longe»"]


def test_derived_short_names_are_unique_whatever_the_order() -> None:
    name = "Deaths among women, 15-49"
    objects = [
        MetadataObject("things", uid, {"id": uid, "name": f"{name} {uid}"})
        for uid in ("aaaaaaaaaaa", "bbbbbbbbbbb")
    ]
    for order in (objects, objects[::-1]):
        adapted = forth(*order)
        short = {one.id: one.body["shortName"] for one in adapted.objects}
        assert short == {
            "aaaaaaaaaaa": "Deaths a aaaaaaaaaaa",
            "bbbbbbbbbbb": "Deaths a bbbbbbbbbbb",
        }
        assert {one.what for one in adapted.adaptations} == {
            f"set to «{value}»" for value in short.values()
        }


def test_a_constant_that_is_not_known_is_refused_by_name() -> None:
    (refusal,) = forth(make("things", kind="FLAT")).refusals
    assert refusal.code == "constant_unknown"
    assert refusal.reason == "kind is FLAT, which DHIS2 2.42 does not know."


def test_a_constant_that_its_own_server_does_not_list_is_for_the_destination_to_judge() -> None:
    assert body_of(forth(make("things", kind="SQUARE")))["kind"] == "SQUARE"


def test_a_text_that_is_too_long_is_refused_and_never_cut() -> None:
    assert body_of(forth(make("things", note="12345")))["note"] == "12345"
    (refusal,) = forth(make("things", note="1234567")).refusals
    assert refusal.code == "text_too_long"
    assert "note has 7 characters, and DHIS2 2.42 takes 5" in refusal.reason


def test_a_limit_that_its_own_server_does_not_keep_is_none() -> None:
    assert body_of(forth(make("things", note="12345678901")))["note"] == "12345678901"


def test_a_class_that_the_destination_lacks_is_refused() -> None:
    (refusal,) = forth(make("others")).refusals
    assert refusal.code == "class_unknown"
    assert refusal.reason == "DHIS2 2.42 does not know the class others."


_members = st.dictionaries(
    st.sampled_from(["name", "label", "note", "kind", "fresh", "pieces", "sharing", "whatever"]),
    st.none()
    | st.booleans()
    | st.text(max_size=12)
    | st.lists(st.dictionaries(st.sampled_from(["id", "colour"]), st.text(max_size=3))),
)


@given(bodies=st.lists(st.tuples(st.sampled_from(["things", "others"]), _members), max_size=6))
def test_every_object_is_kept_refused_or_left_out(bodies: list[tuple[str, Any]]) -> None:
    objects = [
        MetadataObject(plural, f"x{place:010}", {"id": f"x{place:010}", **body})
        for place, (plural, body) in enumerate(bodies)
    ]
    adapted = forth(*objects)
    ended = [one.key for one in (*adapted.objects, *adapted.refusals, *adapted.left_out)]
    assert sorted(ended) == sorted(item.key for item in objects)
    again = forth(*adapted.objects)
    assert again.objects == adapted.objects
    assert not again.refusals
    assert not again.adaptations


@needs_recordings
class TestRealVersions:
    def test_attribute_values_of_both_shapes_come_out_as_a_list(self) -> None:
        listed = [{"attribute": {"id": "at000000001"}, "value": "7"}]
        for given_values in (listed, {"at000000001": "7"}, {"at000000001": {"value": "7"}}):
            item = make("categories", attributeValues=given_values, **CATEGORY)
            for destination in ("2.40", "2.42", "2.43"):
                assert body_of(translate("2.42", destination, item))["attributeValues"] == listed

    def test_days_become_whole_numbers_where_a_version_wants_them(self) -> None:
        item = make("dataSets", expiryDays=Decimal("5.0"), **DATA_SET)
        days = body_of(translate("2.42", "2.40", item))["expiryDays"]
        assert (days, type(days)) == (5, int)
        half = make("dataSets", timelyDays=Decimal("0.5"), **DATA_SET)
        (refusal,) = translate("2.42", "2.40", half).refusals
        assert refusal.code == "not_whole"
        assert body_of(translate("2.42", "2.43", half))["timelyDays"] == Decimal("0.5")

    def test_a_tracked_entity_type_gets_the_short_name_that_2_42_wants(self) -> None:
        body = body_of(translate("2.40", "2.42", make("trackedEntityTypes", name="Person")))
        assert body["shortName"] == "Person"

    def test_a_program_gets_the_default_combo_for_its_enrollments(self) -> None:
        item = make(
            "programs",
            shortName="A",
            categoryCombo={"id": "cc000000001"},
            programType="WITH_REGISTRATION",
            skipOffline=False,
        )
        adapted = translate("2.42", "2.43", item)
        assert body_of(adapted)["enrollmentCategoryCombo"] == {"id": "bjDvmb4bfuf"}
        (told,) = adapted.adaptations
        assert told.what == "set to «bjDvmb4bfuf»"

    def test_truth_values_that_a_version_brings_are_no(self) -> None:
        item = make("programStages", minDaysFromStart=0, repeatable=False)
        adapted = translate("2.38", "2.40", item)
        assert body_of(adapted)["referral"] is False
        assert not adapted.adaptations
        assert adapted.yielding == {item.key: frozenset({"referral"})}

    def test_a_user_without_names_is_called_by_the_user_name(self) -> None:
        body = body_of(translate("2.40", "2.42", make("users", username="ann")))
        assert (body["firstName"], body["surname"]) == ("ann", "ann")

    def test_a_reference_is_never_made_up(self) -> None:
        item = make("eventVisualizations", type="LINE_LIST")
        assert translate("2.43", "2.42", item).objects
        (refusal,) = translate("2.42", "2.40", item).refusals
        assert refusal.code == "required_missing"
        assert "DHIS2 2.40 requires program" in refusal.reason

    def test_parts_of_working_lists_are_not_taken_for_event_filters(self) -> None:
        filters = [{"programStage": "ps000000001", "eventStatus": "ACTIVE"}]
        item = make("trackedEntityInstanceFilters", program={"id": "p"}, eventFilters=filters)
        assert body_of(translate("2.40", "2.42", item))["eventFilters"] == filters


CATEGORY = {"shortName": "A", "dataDimension": True, "dataDimensionType": "DISAGGREGATION"}
DATA_SET = {
    "shortName": "A",
    "categoryCombo": {"id": "bjDvmb4bfuf"},
    "mobile": False,
    "periodType": "Monthly",
}
