"""The account that a push goes through keeps its roles and its groups."""

from typing import Any

from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.own_account import find_own_account, protect_account

ACCOUNT = "syncAccount"
SIDE = Side(
    {
        "users": {ACCOUNT: {"id": ACCOUNT, "userRoles": [{"id": "role"}]}},
        "userRoles": {"role": {"id": "role"}, "other": {"id": "other"}},
        "userGroups": {"group": {"id": "group", "users": [{"id": ACCOUNT}]}},
    }
)


def thing(plural: str, uid: str, **members: Any) -> MetadataObject:
    return MetadataObject(plural, uid, {"id": uid, **members})


def test_its_roles_are_left_as_they_are_and_it_stays_in_its_groups() -> None:
    account = find_own_account(SIDE, ACCOUNT)
    kept, left = protect_account(
        [
            thing("userRoles", "role"),
            thing("userRoles", "other"),
            thing("userGroups", "group", users=[{"id": "nurse"}]),
            thing("userGroups", "new", users=[]),
        ],
        account,
    )
    assert [one.id for one in left] == ["role"]
    assert {item.id: item.body.get("users") for item in kept} == {
        "other": None,
        "group": [{"id": "nurse"}, {"id": ACCOUNT}],
        "new": [],
    }


def test_all_that_belongs_to_it_is_known() -> None:
    assert find_own_account(SIDE, ACCOUNT).keys == {
        ("users", ACCOUNT),
        ("userRoles", "role"),
        ("userGroups", "group"),
    }
