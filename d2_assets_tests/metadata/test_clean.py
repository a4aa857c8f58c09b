"""What belongs to one server only is left behind; nothing else is, and nothing in silence."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.metadata.clean import ASSIGNMENTS, clean_objects
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.policy import Adapted, MetadataPolicy, Principals
from d2_assets_tests.metadata.versions import schemas_of
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchanges

KEEP = MetadataPolicy()
NOBODY = Principals(account="M5zQapPyTZI")


def make(plural: str, **members: Any) -> MetadataObject:
    body = {"id": "aaaaaaaaaaa", "name": "A name", **members}
    return MetadataObject(plural, body["id"], body)


def clean(
    *objects: MetadataObject,
    policy: MetadataPolicy = KEEP,
    principals: Principals = NOBODY,
    units: frozenset[str] | None = None,
) -> Adapted:
    return clean_objects(objects, policy, principals, units)


def body_of(adapted: Adapted) -> Mapping[str, Any]:
    (item,) = adapted.objects
    return item.body


def test_stamps_and_authors_go_without_a_word() -> None:
    adapted = clean(
        make(
            "dataElements",
            created="2026-01-01T00:00:00.000",
            lastUpdatedBy={"id": "bbbbbbbbbbb"},
            user={"id": "bbbbbbbbbbb"},
            access={"read": True},
            favorites=["bbbbbbbbbbb"],
            displayName="A name",
            valueType="NUMBER",
        )
    )
    assert body_of(adapted) == {"id": "aaaaaaaaaaa", "name": "A name", "valueType": "NUMBER"}
    assert not adapted.adaptations


def test_stamps_of_parts_go_and_their_content_stays() -> None:
    series = [{"dimensionItem": "nur030iNgcT", "axis": 0}]
    item = {"id": "ccccccccccc", "created": "2026-01-01", "sharing": {"users": {}}, "x": 1}
    geometry = {"type": "Point", "coordinates": [1, 2], "created": "content here"}
    body = body_of(
        clean(make("dashboards", dashboardItems=[item], series=series, geometry=geometry))
    )
    assert body["dashboardItems"] == [{"id": "ccccccccccc", "x": 1}]
    assert body["series"] == series
    assert body["geometry"] == geometry


def test_versions_and_names_that_an_import_wants_are_sent() -> None:
    assert body_of(clean(make("dataSets", version=7)))["version"] == 7
    assert body_of(clean(make("categoryOptionCombos", shortName="x"))).keys() == {"id", "name"}


def test_an_option_takes_its_place_along_only_when_it_is_new() -> None:
    cleaned = clean(make("options", sortOrder=3))
    assert body_of(cleaned)["sortOrder"] == 3
    assert set(cleaned.yielding.values()) == {frozenset({"sortOrder"})}


def test_an_empty_entry_of_a_list_is_left_out() -> None:
    a, b = {"id": "a"}, {"id": "b"}
    assert body_of(clean(make("optionSets", options=[a, None, b])))["options"] == [a, b]


@pytest.mark.parametrize(
    ("plural", "name"), [(plural, name) for plural, names in ASSIGNMENTS.items() for name in names]
)
def test_assignments_are_restricted_to_the_pair_where_it_says_so(plural: str, name: str) -> None:
    units = [{"id": uid} for uid in ("ou000000001", "ou000000002", "ou000000003")]
    item = make(plural, **{name: units})
    assert body_of(clean(item))[name] == units
    adapted = clean(item, units=frozenset({"ou000000002"}))
    assert body_of(adapted)[name] == [{"id": "ou000000002"}]
    told = [one for one in adapted.adaptations if one.property == name]
    assert [one.what for one in told] == ["2 of 3 org units left out"]


def test_the_org_units_of_a_chart_are_what_it_shows() -> None:
    units = [{"id": "ou000000001"}]
    adapted = clean(make("visualizations", organisationUnits=units), units=frozenset())
    assert body_of(adapted)["organisationUnits"] == units


def test_files_are_not_carried_and_it_is_said() -> None:
    adapted = clean(make("organisationUnits", image={"id": "fffffffffff"}))
    assert "image" not in body_of(adapted)
    assert [one.property for one in adapted.adaptations] == ["image"]
    (refusal,) = clean(make("documents", external=False, url="fffffffffff")).refusals
    assert refusal.code == "file_not_carried"
    assert clean(make("documents", external=True, url="https://example.org")).objects


def test_lists_of_users_who_do_not_travel_are_shortened() -> None:
    policy = MetadataPolicy(users="leave_out")
    principals = Principals(users={"u0000000001": "u0000000001"}, account="M5zQapPyTZI")
    users = [{"id": "u0000000001"}, {"id": "u0000000002"}]
    group = clean(make("userGroups", users=users), policy=policy, principals=principals)
    assert body_of(group)["users"] == [{"id": "u0000000001"}]
    assert [one.what for one in group.adaptations] == ["1 of 2 left out"]
    board = make("dashboards", dashboardItems=[{"id": "ccccccccccc", "users": users}])
    adapted = clean(board, policy=policy, principals=principals)
    assert body_of(adapted)["dashboardItems"][0]["users"] == [{"id": "u0000000001"}]
    assert adapted.adaptations[0].property == "dashboardItems[0].users"
    assert body_of(clean(make("userGroups", users=users)))["users"] == users


_uids = st.sampled_from(["aaaaaaaaaaa", "bbbbbbbbbbb", "<OU_ROOT_UID>", "ou000000001"])
_refs = st.lists(st.fixed_dictionaries({"id": _uids}), max_size=4)
_rights = st.dictionaries(_uids, st.fixed_dictionaries({"access": st.just("rw------")}), max_size=3)
_bodies = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=5),
        "organisationUnits": _refs,
        "userGroups": _refs,
        "sharing": st.fixed_dictionaries({"users": _rights, "userGroups": _rights, "owner": _uids}),
        "publicAccess": st.just("rw------"),
        "userCredentials": st.fixed_dictionaries({"username": st.text(max_size=5)}),
        "password": st.just("hidden"),
        "disabled": st.booleans(),
        "parent": st.fixed_dictionaries({"id": _uids}),
        "lastUpdated": st.just("2026-01-01"),
    },
)
_plurals = st.sampled_from(["users", "userGroups", "dataSets", "visualizations", "documents"])
_policies = st.builds(
    MetadataPolicy,
    sharing=st.sampled_from(["keep", "drop_unknown", "drop_all"]),
    users=st.sampled_from(["disabled", "leave_out"]),
)


@given(
    bodies=st.lists(st.tuples(_plurals, _bodies), max_size=8),
    policy=_policies,
    known=st.sets(_uids),
    units=st.none() | st.frozensets(_uids),
)
def test_every_object_is_kept_refused_or_left_out(
    bodies: list[tuple[str, dict[str, Any]]],
    policy: MetadataPolicy,
    known: set[str],
    units: frozenset[str] | None,
) -> None:
    objects = [
        MetadataObject(plural, f"x{place:010}", {"id": f"x{place:010}", **body})
        for place, (plural, body) in enumerate(bodies)
    ]
    principals = Principals({uid: uid for uid in known}, {uid: uid for uid in known}, "account0001")
    adapted = clean_objects(objects, policy, principals, units)
    ended = [one.key for one in (*adapted.objects, *adapted.refusals, *adapted.left_out)]
    assert sorted(ended) == sorted(item.key for item in objects)
    users = [one for one in adapted.objects if one.plural == "users"]
    assert not any("password" in one.body for one in users)
    again = clean_objects(adapted.objects, policy, principals, units)
    assert again.objects == adapted.objects


def uncut(value: Any) -> Any:
    """A recorded value without the text that says how much was cut from a list."""
    if isinstance(value, dict):
        return {name: uncut(part) for name, part in value.items()}
    if isinstance(value, list):
        return [uncut(part) for part in value if not str(part).startswith("... ")]
    return value


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_servers_gave_is_kept_but_for_what_is_theirs(version: str) -> None:
    for exchange in read_exchanges(version):
        if not exchange.name.startswith("list-") or not isinstance(exchange.body, dict):
            continue
        for plural, items in exchange.body.items():
            if not schemas_of(version).get(plural):
                continue
            whole = [one for one in uncut(items) if "name" in one]
            objects = [MetadataObject(plural, one["id"], one) for one in whole]
            adapted = clean_objects(objects, KEEP, NOBODY, None)
            assert len(adapted.objects) + len(adapted.left_out) == len(objects)
            assert not adapted.refusals
