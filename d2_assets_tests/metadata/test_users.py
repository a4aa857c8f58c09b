"""Users arrive without a way in, and the account that is used is never touched."""

from typing import Any

import pytest

from d2_assets.metadata.clean import clean_objects
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.policy import Adapted, MetadataPolicy, Principals
from d2_assets.metadata.users import is_secret
from d2_assets_tests.metadata.versions import schemas_of
from d2_assets_tests.recordings import VERSIONS, needs_recordings

SOURCE = "u0000000001"


def clean(body: dict[str, Any], *, there: str = "", **policy: Any) -> Adapted:
    item = MetadataObject("users", SOURCE, {"id": SOURCE, "username": "ann", **body})
    principals = Principals({SOURCE: there} if there else {}, {}, "account0001")
    return clean_objects([item], MetadataPolicy(**policy), principals, None)


def test_a_new_user_arrives_disabled_and_it_is_said() -> None:
    adapted = clean({"disabled": False})
    assert adapted.objects[0].body["disabled"] is True
    assert [one.property for one in adapted.adaptations] == ["disabled"]


def test_a_user_who_is_there_stays_enabled_or_disabled() -> None:
    for disabled in (True, False):
        adapted = clean({"disabled": disabled}, there="x0000000001")
        assert "disabled" in adapted.yielding["users", SOURCE]
        assert not adapted.adaptations


def test_users_are_left_out_with_the_reason_where_the_pair_says_so() -> None:
    (one,) = clean({}, users="leave_out").left_out
    assert one.code == "users_left_out"


def test_the_account_of_the_pair_is_left_alone() -> None:
    for policy in ("disabled", "leave_out"):
        (one,) = clean({}, there="account0001", users=policy).left_out
        assert one.code == "sync_account"


def test_the_block_of_older_versions_becomes_flat() -> None:
    block = {
        "id": "MMRO6oP1HQg",
        "username": "who",
        "disabled": True,
        "userRoles": [{"id": "r0000000001"}],
        "password": "hidden",
        "twoFA": False,
        "lastLogin": "2018-07-13",
    }
    item = MetadataObject("users", SOURCE, {"id": SOURCE, "userCredentials": block})
    adapted = clean_objects([item], MetadataPolicy(), Principals(), None)
    assert adapted.objects[0].body == {
        "id": SOURCE,
        "username": "who",
        "disabled": True,
        "userRoles": [{"id": "r0000000001"}],
    }


def test_what_stands_flat_counts_more_than_the_block() -> None:
    adapted = clean({"disabled": True, "userCredentials": {"username": "old"}})
    assert adapted.objects[0].body["username"] == "ann"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "previousPasswords",
        "secret",
        "twoFA",
        "twoFactorType",
        "openId",
        "ldapId",
        "idToken",
        "restoreToken",
        "restoreExpiry",
        "emailVerificationToken",
        "lastLogin",
        "passwordLastUpdated",
        "avatar",
    ],
)
def test_nothing_that_lets_somebody_in_or_was_stamped_travels(name: str) -> None:
    assert name not in clean({name: "hidden"}).objects[0].body


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_no_secret_of_a_version_is_forgotten(version: str) -> None:
    schema = schemas_of(version).get("users")
    assert schema
    body = dict.fromkeys(schema.properties, "x")
    kept = clean(body).objects[0].body
    assert not {name for name in kept if is_secret(name)}
    assert kept.keys().isdisjoint({"password", "openId", "ldapId", "twoFA", "verifiedEmail"})
