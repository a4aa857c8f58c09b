"""What is watched follows what the pair moves, and what its settings name."""

from dataclasses import replace

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.metadata.families import FAMILIES
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.resources import (
    Resource,
    find_assets,
    is_frequent,
    list_resources,
)
from d2_assets_tests.watching.watched import make_pair

SET, OTHER_SET = "DataSet0001", "DataSet0002"
EVENTS, CASES, DRUGS = "Program0001", "Program0002", "Program0003"
PERSON, STOCK = "Type0000001", "Type0000002"
FACTS = SourceFacts(
    "2.42.4",
    "Etc/UTC",
    clock_error=0.25,
    read_at=1.5,
    classes=("dataElements", "dataSets", "apiTokens"),
    roots=("Root0000001",),
    data_sets=(SET, OTHER_SET),
    programs=(EVENTS,),
    types=(PERSON, STOCK),
    type_of_program={CASES: PERSON, DRUGS: PERSON},
)


def _keys(**given: object) -> list[str]:
    return [one.key for one in list_resources(make_pair(**given), FACTS)]


def test_all_that_a_pair_moves_is_watched_and_no_class_that_never_travels() -> None:
    assert _keys() == [
        "class:dataElements",
        "class:dataSets",
        f"data_set:{SET}",
        f"data_set:{OTHER_SET}",
        f"events:{EVENTS}",
        f"entities:{PERSON}",
        f"entities:{STOCK}",
    ]


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({"sync_type": "metadata"}, {"class"}),
        ({"sync_type": "data"}, {"data_set"}),
        ({"sync_type": "events"}, {"events"}),
        ({"sync_type": "tracker"}, {"entities"}),
        ({"sync_type": "both"}, {"class", "data_set"}),
        ({"changes": {"metadata": False}}, {"data_set", "events", "entities"}),
        ({"changes": {"data": False}}, {"class"}),
    ],
)
def test_kinds_follow_the_sync_type_and_the_settings(
    given: dict[str, object], kinds: set[str]
) -> None:
    assert {key.partition(":")[0] for key in _keys(**given)} == kinds


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"changes": {"include": ["data_elements"]}}, ["class:dataElements"]),
        ({"changes": {"include": ["dataSets", SET]}}, ["class:dataSets", f"data_set:{SET}"]),
        ({"changes": {"include": [CASES]}}, [f"entities:{PERSON}"]),
        ({"changes": {"include": ["events"]}}, [f"events:{EVENTS}"]),
        (
            {"changes": {"include": ["tracked_entities"], "exclude": [STOCK]}},
            [f"entities:{PERSON}"],
        ),
        ({"sync_type": "data", "changes": {"exclude": [OTHER_SET]}}, [f"data_set:{SET}"]),
        ({"sync_type": "data", "filters": {"data_sets": [OTHER_SET]}}, [f"data_set:{OTHER_SET}"]),
        ({"sync_type": "tracker", "filters": {"programs": [DRUGS]}}, [f"entities:{DRUGS}"]),
        ({"sync_type": "metadata", "filters": {"families": ["data_sets"]}}, ["class:dataSets"]),
    ],
)
def test_resources_are_chosen_by_family_class_uid_and_kind(
    given: dict[str, object], keys: list[str]
) -> None:
    assert _keys(**given) == keys


def test_high_frequency_names_resources_in_the_same_words() -> None:
    pair = make_pair(changes={"high_frequency": ["data_sets", EVENTS, CASES]})
    frequent = [one.key for one in list_resources(pair, FACTS) if is_frequent(one, pair, FACTS)]
    assert frequent == ["class:dataSets", f"events:{EVENTS}", f"entities:{PERSON}"]


def test_a_key_names_its_resource_and_nothing_else_is_a_key() -> None:
    for resource in list_resources(make_pair(), FACTS):
        assert Resource.parse(resource.key) == resource
    for text in ("", "class", "class:", "classes:dataElements"):
        with pytest.raises(ValueError, match="is not the key"):
            Resource.parse(text)


def test_each_resource_has_the_asset_that_moves_it() -> None:
    for family in FAMILIES.values():
        for plural in family.classes:
            assert find_assets(Resource("class", plural)) == f"metadata/{family.name}"
    assert find_assets(Resource("data_set", SET)) == "data/data_values"
    assert find_assets(Resource("events", EVENTS)) == "data/events"
    assert find_assets(Resource("entities", PERSON)) == "data/tracker"


def test_facts_are_read_as_they_were_written() -> None:
    assert SourceFacts.from_json(FACTS.to_json()) == FACTS


def test_a_time_zone_that_nobody_knows_is_a_matter_of_settings() -> None:
    with pytest.raises(ConfigurationError, match="Atlantis"):
        _ = replace(FACTS, time_zone="Atlantis/Capital").zone
