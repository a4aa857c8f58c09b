"""Sharing has one form, and names nobody whom the destination does not know."""

from typing import Any

import pytest

from d2_assets.metadata.clean import clean_objects
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.policy import Adapted, MetadataPolicy, Principals, SharingPolicy
from d2_assets.metadata.sharing import merge_sharing

KNOWN = Principals(
    users={"u0000000001": "xxxxxxxxxxx", "owner000001": "owner000001"},
    groups={"g0000000001": "g0000000001"},
    account="account0001",
)


def right(uid: str, access: str = "rw------") -> dict[str, dict[str, str]]:
    return {uid: {"id": uid, "access": access}}


SHARING: dict[str, Any] = {
    "owner": "owner000001",
    "external": False,
    "public": "r-------",
    "users": {**right("u0000000001"), **right("u0000000002")},
    "userGroups": {**right("g0000000001"), **right("g0000000002")},
}


def clean(policy: SharingPolicy, *more: MetadataObject, sharing: Any = SHARING) -> Adapted:
    item = MetadataObject("dataElements", "aaaaaaaaaaa", {"id": "aaaaaaaaaaa", "sharing": sharing})
    return clean_objects([item, *more], MetadataPolicy(sharing=policy), KNOWN, None)


def sharing_of(adapted: Adapted) -> Any:
    return adapted.objects[0].body["sharing"]


@pytest.mark.parametrize("policy", ["keep", "drop_unknown"])
def test_whom_the_destination_does_not_know_is_left_out_and_named(policy: SharingPolicy) -> None:
    adapted = clean(policy)
    assert sharing_of(adapted) == {
        **SHARING,
        "users": right("u0000000001"),
        "userGroups": right("g0000000001"),
    }
    assert [(one.property, one.what) for one in adapted.adaptations] == [
        ("sharing.users", "u0000000002 left out"),
        ("sharing.userGroups", "g0000000002 left out"),
    ]


def test_who_arrives_in_the_same_step_keeps_the_right() -> None:
    coming = MetadataObject("userGroups", "g0000000002", {"id": "g0000000002", "name": "New"})
    assert "g0000000002" in sharing_of(clean("keep", coming))["userGroups"]
    assert "g0000000002" not in sharing_of(clean("drop_unknown", coming))["userGroups"]


def test_a_new_object_gets_the_public_rights_alone_where_the_pair_says_so() -> None:
    adapted = clean("drop_all")
    assert sharing_of(adapted) == {**SHARING, "users": {}, "userGroups": {}}
    assert len(adapted.adaptations) == 2
    # an object that is there keeps the rights that were given to it there
    assert adapted.yielding == {("dataElements", "aaaaaaaaaaa"): frozenset({"sharing"})}


def test_an_owner_who_is_not_there_is_replaced_by_the_account_of_the_pair() -> None:
    adapted = clean("keep", sharing={**SHARING, "owner": "somebody001", "users": {}})
    assert sharing_of(adapted)["owner"] == "account0001"
    assert adapted.adaptations[0].property == "sharing.owner"
    assert "somebody001" in adapted.adaptations[0].what


@pytest.mark.parametrize(
    "legacy",
    [
        {
            "publicAccess": "rw------",
            "externalAccess": False,
            "user": {"id": "owner000001"},
            "userAccesses": [{"id": "u0000000001", "userUid": "u0000000001", "access": "r-------"}],
            "userGroupAccesses": [{"id": "g0000000001", "access": "rw------"}],
        },
        {
            "publicAccess": "rw------",
            "user": {"id": "owner000001"},
            "userAccesses": [{"id": "u0000000001", "access": "r-------"}],
            "userGroupAccesses": [{"id": "g0000000001", "access": "rw------", "displayName": "G"}],
            "sharing": {"external": False, "users": {}, "userGroups": {}},
        },
        {
            "publicAccess": "--------",
            "userAccesses": [],
            "sharing": {
                "owner": "owner000001",
                "public": "rw------",
                "external": False,
                "users": {"u0000000001": {"access": "r-------", "displayName": "Name"}},
                "userGroups": {"g0000000001": {"id": "g0000000001", "access": "rw------"}},
            },
        },
    ],
    ids=["legacy", "both, sharing empty", "both, sharing counts"],
)
def test_all_forms_of_sharing_come_out_as_one(legacy: dict[str, Any]) -> None:
    assert merge_sharing(legacy) == {
        "owner": "owner000001",
        "public": "rw------",
        "external": False,
        "users": right("u0000000001", "r-------"),
        "userGroups": right("g0000000001"),
    }


def test_a_body_without_sharing_gets_none() -> None:
    assert merge_sharing({"id": "aaaaaaaaaaa", "userAccesses": [], "externalAccess": False}) is None
