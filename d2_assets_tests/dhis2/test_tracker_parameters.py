"""The names of every read in every version: a wrong one would change the answer in silence."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.dialects import DIALECTS, find_dialect
from d2_assets.dhis2.tracker_names import OLD_TRACKER, TRACKER_2_42, TrackerNames
from d2_assets.dhis2.tracker_parameters import (
    EntityQuery,
    EventQuery,
    Parameters,
    count_event_parameters,
    find_entity_parameters,
    list_entity_parameters,
    list_entity_program_parameters,
    list_entity_type_parameters,
    list_event_id_parameters,
    list_event_parameters,
    list_page_parameters,
)
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchanges

_SHARED = {"program", "programStage", "trackedEntityType", "includeDeleted", "fields", "order"}
_PAGING = {"page", "pageSize", "totalPages"}
_UP_TO_2_40 = _SHARED | _PAGING | {"ouMode", "orgUnit", "event", "trackedEntity", "filter"}
_FROM_2_42 = _SHARED | _PAGING | {"orgUnitMode", "events", "trackedEntities", "filter"}
_WINDOWS = {"occurredAfter", "occurredBefore", "updatedAfter", "updatedBefore"}
_OLD = _SHARED | _PAGING | {"ouMode", "event", "trackedEntityInstance", "filter"}
_OLD_WINDOWS = {"startDate", "endDate", "lastUpdatedStartDate", "lastUpdatedEndDate"}

#: What each family may be asked with: (of events, of entities).
ALLOWED = {
    "2.38": (_UP_TO_2_40 | _WINDOWS, _UP_TO_2_40 | _WINDOWS),
    "2.40": (_UP_TO_2_40 | _WINDOWS, _UP_TO_2_40 | _WINDOWS),
    "2.42": (_FROM_2_42 | _WINDOWS | {"orgUnit"}, _FROM_2_42 | _WINDOWS | {"orgUnits"}),
    "2.43": (_FROM_2_42 | _WINDOWS | {"orgUnit"}, _FROM_2_42 | _WINDOWS | {"orgUnits"}),
    "old": (_OLD | _OLD_WINDOWS | {"orgUnit"}, _OLD | _OLD_WINDOWS | {"ou"}),
}
FAMILIES = {dialect.version: dialect.tracker for dialect in DIALECTS} | {"old": OLD_TRACKER}

IDS = [f"a{number:010}" for number in range(450)]
EVENTS = EventQuery("pProgram001", "sStage00001", "uUnit000001", "2026-03-01", "2026-03-31")
ENTITIES = EntityQuery("tType000001", "uUnit000001", "2026-03-01", "2026-04-01")


def _ask_for_events(names: TrackerNames) -> Iterator[Parameters]:
    yield list_event_parameters(names, EVENTS) | list_page_parameters(1, 500)
    yield list_event_parameters(names, EventQuery("pProgram001"))
    yield count_event_parameters(names, EVENTS)
    yield from list_event_id_parameters(names, "pProgram001", IDS)


def _ask_for_entities(names: TrackerNames) -> Iterator[Parameters]:
    yield list_entity_parameters(names, ENTITIES) | list_page_parameters(1, 500)
    yield list_entity_parameters(names, EntityQuery("tType000001"))
    yield from list_entity_type_parameters(names, "tType000001", IDS)
    yield from list_entity_program_parameters(names, "pProgram001", IDS)
    found = find_entity_parameters(names, "tType000001", "aAttribute1", "Ann")
    assert found
    yield found


@pytest.mark.parametrize("family", FAMILIES)
def test_no_read_uses_a_name_that_its_version_does_not_know(family):
    names, (of_events, of_entities) = FAMILIES[family], ALLOWED[family]
    for parameters in _ask_for_events(names):
        assert set(parameters) <= of_events
    for parameters in _ask_for_entities(names):
        assert set(parameters) <= of_entities


@pytest.mark.parametrize("family", FAMILIES)
def test_every_event_read_names_its_program_and_where(family):
    for parameters in _ask_for_events(FAMILIES[family]):
        assert parameters["program"] == "pProgram001"
        assert parameters[FAMILIES[family].org_unit_mode] in ("DESCENDANTS", "ACCESSIBLE")


@pytest.mark.parametrize("family", FAMILIES)
def test_entities_are_asked_for_by_type_or_by_program_and_never_by_both(family):
    for parameters in _ask_for_entities(FAMILIES[family]):
        assert ("program" in parameters) != ("trackedEntityType" in parameters)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_unit_is_asked_for_with_everything_below_and_never_beside_accessible(family):
    names = FAMILIES[family]
    for unit, parameters in (
        (names.event_org_unit, list_event_parameters(names, EVENTS)),
        (names.entity_org_unit, list_entity_parameters(names, ENTITIES)),
    ):
        assert parameters[unit] == "uUnit000001"
        assert parameters[names.org_unit_mode] == "DESCENDANTS"
    assert names.event_org_unit not in list_event_parameters(names, EventQuery("p"))


@pytest.mark.parametrize("family", FAMILIES)
def test_reads_by_uid_ask_for_each_uid_once_in_short_addresses(family):
    names = FAMILIES[family]
    requests = list(list_event_id_parameters(names, "p", [*IDS, *IDS]))
    asked = [str(one[names.event_ids]).split(names.ids_separator) for one in requests]
    assert [uid for some in asked for uid in some] == IDS
    assert [one["pageSize"] for one in requests] == [len(some) for some in asked]
    assert all(one["includeDeleted"] == "true" for one in requests)
    assert (
        max(
            len(str(one[names.event_ids])) + 2 * len(some)
            for one, some in zip(requests, asked, strict=True)
        )
        < 3_000
    )


def test_uids_are_parted_by_commas_from_2_42_on():
    parted = {family: names.ids_separator for family, names in FAMILIES.items()}
    assert parted == {"2.38": ";", "2.40": ";", "2.42": ",", "2.43": ",", "old": ";"}


def test_2_41_is_asked_as_2_40_whose_names_it_still_takes():
    dialect, warning = find_dialect("2.41.3")
    assert dialect.tracker.org_unit_mode == "ouMode"
    assert warning


@pytest.mark.parametrize("value", ["Ann", "a b", "Ümit/2", "50%"])
def test_a_value_is_looked_for_as_it_is(value):
    for family in ("2.38", "2.40", "old"):
        found = find_entity_parameters(FAMILIES[family], "t", "a", value)
        assert found
        assert found["filter"] == f"a:eq:{value}"


def test_what_parts_filters_is_hidden_where_that_is_possible_and_not_asked_where_not():
    found = find_entity_parameters(TRACKER_2_42, "t", "a", "1:2,3/4")
    assert found
    assert found["filter"] == "a:eq:1/:2/,3//4"
    assert find_entity_parameters(FAMILIES["2.40"], "t", "a", "1:2") is None
    assert find_entity_parameters(FAMILIES["2.38"], "t", "a", "1,2") is None


@given(st.text(max_size=20))
def test_a_hidden_value_can_be_read_back(value):
    found = find_entity_parameters(TRACKER_2_42, "t", "a", value)
    assert found
    hidden = str(found["filter"]).removeprefix("a:eq:")
    plain, rest = "", iter(hidden)
    for sign in rest:
        assert sign not in ":,"
        plain += next(rest) if sign == "/" else sign
    assert plain == value


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_names_of_places_are_those_that_were_seen_to_work(version):
    names = FAMILIES[version]
    working = (
        "tr-events-ouMode-old"
        if names.org_unit_mode == "ouMode"
        else ("tr-events-orgunit-descendants")
    )
    seen = {one.name: one for one in read_exchanges(version)}
    body = seen[working].body
    assert names.org_unit_mode in seen[working].request["params"]
    assert body.get("instances") or body.get("events")
    new = seen["tr-te-new-params"]
    assert (new.status == 200) == (names.entity_org_unit == "orgUnits")
