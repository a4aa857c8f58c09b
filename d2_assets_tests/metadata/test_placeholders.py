"""Template placeholders of packages are named, never sent."""

from typing import Any

import pytest

from d2_assets.metadata.clean import clean_objects
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.placeholders import find_placeholders
from d2_assets.metadata.policy import Adapted, MetadataPolicy, Principals

ROOT = "<OU_ROOT_UID>"


def clean(plural: str, **members: Any) -> Adapted:
    body = {"id": "aaaaaaaaaaa", **members}
    item = MetadataObject(plural, body["id"], body)
    return clean_objects([item], MetadataPolicy(), Principals(), None)


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"id": ROOT}, "id"),
        ({"parent": {"id": ROOT}}, "parent.id"),
        ({"organisationUnits": [{"id": "ou000000001"}, {"id": ROOT}]}, "organisationUnits[1].id"),
        ({"organisationUnitLevels": ["<OU_LEVEL_FACILITY_UID>"]}, "organisationUnitLevels[0]"),
        ({"numerator": f"#{{fbfJHSPpUQD}} * OUG{{{ROOT}}}"}, "numerator"),
        ({"leftSide": {"expression": f"N{{{ROOT}}}"}}, "leftSide.expression"),
    ],
)
def test_an_object_that_is_or_names_one_waits_with_its_place(
    members: dict[str, Any], place: str
) -> None:
    (refusal,) = clean("indicators", **members).refusals
    assert refusal.code == "placeholder"
    assert refusal.reason.startswith(f"{place} is <OU_")
    assert "template placeholder of a package" in refusal.reason
    assert "put a real UID in its place at the source" in refusal.reason


def test_a_placeholder_among_assigned_org_units_is_left_out_and_told() -> None:
    adapted = clean("dataSets", organisationUnits=[{"id": ROOT}, {"id": "ou000000001"}])
    assert adapted.objects[0].body["organisationUnits"] == [{"id": "ou000000001"}]
    assert [one.what for one in adapted.adaptations] == ["1 template placeholder left out"]


def test_a_placeholder_in_sharing_is_somebody_unknown() -> None:
    sharing = {"userGroups": {ROOT: {"id": ROOT, "access": "r-------"}}}
    adapted = clean("dataSets", sharing=sharing)
    assert adapted.objects[0].body["sharing"]["userGroups"] == {}


@pytest.mark.parametrize(
    "members",
    [
        {"name": "<OTHER>", "code": "<A>", "formName": "<X>"},
        {"description": "Use <OU_ROOT_UID> here"},
        {"htmlCode": "<TABLE><TR></TR></TABLE>"},
        {"translations": [{"value": "<AUTRE>"}]},
        {"filter": "A{w75KJ2mc4zz} <5 and d2:daysBetween(V{event_date},'2020-01-01') < 5"},
        {"attributeValues": [{"value": "<B>"}]},
    ],
)
def test_words_for_people_are_no_placeholders(members: dict[str, Any]) -> None:
    assert list(find_placeholders(members)) == []
