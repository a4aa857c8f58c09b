"""Settings that mean the same everywhere travel; every other one says why it stays."""

from typing import Any, cast

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import RejectedError
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.plan import Action, Planned
from d2_assets.metadata.system_settings import (
    PLURAL,
    STAYS,
    TRAVELS,
    find_reason_to_stay,
    plan_settings,
    push_settings,
    read_settings,
)
from d2_assets_tests.metadata.fake_server import FakeServer
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange


def plan(source: dict[str, Any], destination: dict[str, Any], **more: Any) -> dict[str, Planned]:
    theirs, ours = (
        {(PLURAL, key): {"id": key, "value": value} for key, value in settings.items()}
        for settings in (source, destination)
    )
    return {one.key[1]: one for one in plan_settings(theirs, ours, MetadataChoices(**more))}


def test_a_setting_that_differs_is_sent_with_both_values_told() -> None:
    planned = plan({"keyUiLocale": "fr", "keyFlag": "mozambique"}, {"keyUiLocale": "en"})
    assert planned["keyUiLocale"].action == Action.UPDATE
    assert planned["keyFlag"].action == Action.CREATE
    difference = planned["keyUiLocale"].differences[0]
    assert (difference.source, difference.destination) == ("fr", "en")


def test_what_is_alike_or_says_nothing_is_not_sent() -> None:
    planned = plan({"keyUiLocale": "fr", "keyApplicationIntro": ""}, {"keyUiLocale": "fr"})
    assert {one.action for one in planned.values()} == {Action.UNCHANGED}


def test_strategies_hold_for_settings() -> None:
    planned = plan({"keyUiLocale": "fr"}, {"keyUiLocale": "en"}, import_strategy="CREATE")
    assert planned["keyUiLocale"].action == Action.HELD
    planned = plan({"keyUiLocale": "fr"}, {}, import_strategy="UPDATE")
    assert planned["keyUiLocale"].action == Action.HELD


@pytest.mark.parametrize(
    "key", ["keyEmailPassword", "keyRemoteInstanceUrl", "keyBingMapsApiKey", "keyCalendar", "new"]
)
def test_what_stays_says_why(key: str) -> None:
    planned = plan({key: "x"}, {})[key]
    assert planned.action == Action.FILTERED
    assert planned.reason.startswith("It does not travel: ")
    assert not planned.body


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_setting_of_real_servers_travels_or_has_a_reason_of_its_own(version: str) -> None:
    keys = read_exchange(version, "system-settings").body
    unnamed = [key for key in keys if find_reason_to_stay(key).startswith("it is not among")]
    assert unnamed == []


def test_no_setting_both_travels_and_stays() -> None:
    assert not [key for key in TRAVELS for starts, _ in STAYS if key.startswith(starts)]


def test_a_setting_that_the_server_refuses_does_not_keep_the_others_back() -> None:
    class Picky(FakeServer):
        def post_system_settings(self, values: Any) -> None:
            if "keyFlag" in values:
                raise RejectedError("Key is not supported: keyFlag", status=409)
            super().post_system_settings(values)

    server = Picky()
    planned = list(plan({"keyUiLocale": "fr", "keyFlag": "mozambique"}, {}).values())
    settlement = push_settings(cast(DHIS2Client, server), planned)
    assert server.settings == {"keyUiLocale": "fr"}
    assert settlement.taken == {(PLURAL, "keyUiLocale")}
    assert settlement.refused[PLURAL, "keyFlag"].words == "Key is not supported: keyFlag"
    assert read_settings(cast(DHIS2Client, server)) == {
        (PLURAL, "keyUiLocale"): {"id": "keyUiLocale", "value": "fr"}
    }
