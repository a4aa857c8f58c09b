"""Which options are the same: their codes say so within one option set only."""

from typing import Any, cast

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.metadata.identities import (
    Catalogue,
    Matching,
    catalogue_objects,
    match_catalogues,
    read_catalogue,
)
from d2_assets.metadata.objects import MetadataObject
from d2_assets_tests.metadata.classes import SCHEMAS
from d2_assets_tests.metadata.fake_server import FakeServer


def _option(uid: str, code: str, option_set: str) -> MetadataObject:
    body = {"id": uid, "code": code, "name": code.title(), "optionSet": {"id": option_set}}
    return MetadataObject("options", uid, body)


def _set(uid: str, code: str) -> MetadataObject:
    return MetadataObject("optionSets", uid, {"id": uid, "code": code, "name": code.title()})


def _match(source: Catalogue, destination: Catalogue) -> Matching:
    return match_catalogues(source, destination, SCHEMAS, ("uid", "code"), {})


def test_an_option_of_the_same_code_in_another_set_is_another_option() -> None:
    theirs = catalogue_objects([_set("consent", "CONSENT"), _option("one", "YES", "consent")])
    ours = catalogue_objects([_set("alive", "ALIVE"), _option("two", "YES", "alive")])
    matching = _match(theirs, ours)
    assert matching.crosswalk.rows == ()
    assert matching.ambiguous == ()


def test_an_option_is_known_by_its_code_in_a_set_that_has_another_uid_there() -> None:
    theirs = catalogue_objects(
        [_set("a", "CONSENT"), _option("one", "YES", "a"), _option("other", "YES", "elsewhere")]
    )
    ours = catalogue_objects([_set("b", "CONSENT"), _option("two", "YES", "b")])
    crosswalk = _match(theirs, ours).crosswalk
    assert crosswalk.get("optionSets", "a") == "b"
    assert crosswalk.get("options", "one") == "two"
    assert crosswalk.get("options", "other") == "other"


def test_the_sets_of_options_that_are_only_referred_to_are_read_along() -> None:
    server: Any = FakeServer()
    server.add("optionSets", dict(_set("a", "CONSENT").body))
    server.add("options", dict(_option("one", "YES", "a").body))
    catalogue = read_catalogue(cast(DHIS2Client, server), {"options": ()}, 500)
    assert catalogue.identities["options"][0].option_set == "a"
    assert [one.id for one in catalogue.identities["optionSets"]] == ["a"]
