from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.programs import RelationshipType
from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.check import judge
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.scope import Scope, read_scope
from d2_assets.tracker.translate import translate_object
from d2_assets.tracker.verdicts import VERDICTS, find_outcome
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange
from d2_assets_tests.tracker.fake_metadata import (
    BIRTH,
    CASE,
    CHILD,
    CLINIC,
    MALARIA,
    MOTHER,
    NAME,
    OTHER_CLINIC,
    PERSON,
    REFERRED,
    REGION,
    SCAN,
    SEX,
    TESTS,
    VILLAGE,
    VISIT,
    WEIGHT,
    FakeServer,
    make_event_program,
    rename,
)
from d2_assets_tests.tracker.judging import (
    judge_code,
    make_enrollment,
    make_entity,
    make_event,
    make_relationship,
    read_choices,
)

GOOD_VALUES = {SEX: "F", WEIGHT: "3.25", REFERRED: REGION, TESTS: "RDT,SLIDE", SCAN: "file:abc:3"}


def test_what_fits_has_no_verdict() -> None:
    events, tracker = read_choices(), read_choices(is_registration=True)

    assert judge(make_event(GOOD_VALUES), events) is None
    assert judge(make_entity({NAME: "Anna", VILLAGE: "Bo"}), tracker) is None
    assert judge(make_enrollment(), tracker) is None
    assert judge(make_event({WEIGHT: "3"}, program=CHILD, stage=VISIT), tracker) is None
    assert judge(make_relationship(), tracker) is None


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (make_event(org_unit="ouUnknown01"), "org_unit_unknown"),
        (make_event(org_unit=REGION), "org_unit_outside_program"),
        (make_event(stage=BIRTH), "stage_unknown"),
        (make_event(stage="stUnknown01"), "stage_unknown"),
        (make_event(occurredAt=None), "date_missing"),
        (make_event(status="SCHEDULE", occurredAt=None), "date_missing"),
        (make_event(attributeOptionCombo="coUnknown01"), "attribute_option_combo_unknown"),
        (make_event({"deUnknown01": "1"}), "data_element_unknown"),
        (make_event({SEX: "X"}), "option_unknown"),
        (make_event({TESTS: "RDT,PCR"}), "option_unknown"),
        (make_event({WEIGHT: "three"}), "value_misfit"),
        (make_event({REFERRED: "ouUnknown01"}), "value_org_unit_unknown"),
    ],
)
def test_an_unfit_event_is_refused(item: TrackerObject, code: str) -> None:
    assert judge_code(item, read_choices()) == code


def test_an_event_that_is_to_come_needs_only_the_day_it_is_due() -> None:
    item = make_event(status="SCHEDULE", occurredAt=None, scheduledAt="2025-12-01T00:00:00.000")

    assert judge(item, read_choices()) is None


def test_compulsory_values_that_are_missing_are_left_to_the_server() -> None:
    item = make_event(program=CHILD, stage=BIRTH)

    assert judge(item, read_choices(is_registration=True)) is None


def test_a_data_element_of_another_stage_is_outside() -> None:
    item = make_event({SEX: "F"}, program=CHILD, stage=BIRTH)

    assert judge_code(item, read_choices(is_registration=True)) == "data_element_outside_stage"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (make_entity(org_unit="ouUnknown01"), "org_unit_unknown"),
        (make_entity({"atUnknown01": "x"}), "attribute_unknown"),
        (make_entity({VILLAGE: "Bo"}, type_="tyAnimal001"), "attribute_outside"),
        (make_enrollment(enrolledAt=None), "date_missing"),
        (make_enrollment(attributeOptionCombo="coX"), "attribute_option_combo_unknown"),
        (make_relationship(type_="rtUnknown01"), "relationship_type_unknown"),
        (make_relationship(Kind.EVENT), "relationship_end_misfit"),
    ],
)
def test_an_unfit_tracker_object_is_refused(item: TrackerObject, code: str) -> None:
    assert judge_code(item, read_choices(is_registration=True)) == code


def test_metadata_that_the_destination_lacks_is_named() -> None:
    empty = FakeServer(programs=[], types=[], relationship_types=[])
    events, tracker = read_choices(empty), read_choices(empty, is_registration=True)

    assert judge_code(make_event(), events) == "program_unknown"
    assert judge_code(make_enrollment(), tracker) == "program_unknown"
    assert judge_code(make_entity(), tracker) == "type_unknown"
    assert judge_code(make_relationship(), tracker) == "relationship_type_unknown"


def test_what_the_account_may_not_write_is_named() -> None:
    locked = FakeServer()
    locked.programs = [
        replace(
            one,
            may_write=False,
            stages=tuple(replace(stage, may_write=False) for stage in one.stages),
        )
        for one in locked.programs
    ]
    locked.types = [replace(one, may_write=False) for one in locked.types]
    locked.relationship_types = [
        RelationshipType(MOTHER, "Mother", "TRACKED_ENTITY_INSTANCE", "", may_write=False)
    ]
    events, tracker = read_choices(locked), read_choices(locked, is_registration=True)

    assert judge_code(make_event(), events) == "program_read_only"
    assert judge_code(make_enrollment(), tracker) == "program_read_only"
    assert judge_code(make_event(program=CHILD, stage=VISIT), tracker) == "stage_read_only"
    assert judge_code(make_entity(), tracker) == "type_read_only"
    assert judge_code(make_relationship(), tracker) == "relationship_type_read_only"


def test_an_org_unit_outside_the_account_is_named() -> None:
    scope = read_choices(FakeServer(account_units=(REGION,)))

    assert judge_code(make_event(org_unit=OTHER_CLINIC), scope) == "org_unit_outside_account"
    assert judge_code(make_event(org_unit=CLINIC), scope) is None


def test_a_program_that_is_of_another_kind_at_the_destination_is_named() -> None:
    other = FakeServer(programs=[replace(make_event_program(), is_registration=True)])

    assert judge_code(make_event(), read_choices(other)) == "program_of_other_kind"


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize(
    ("choices", "item", "code"),
    [
        ({"org_units": (REGION,)}, make_event(org_unit=OTHER_CLINIC), "org_unit_filtered"),
        ({"deepest_level": 2}, make_event(), "org_unit_filtered"),
        ({"programs": (CHILD,)}, make_event(), "program_filtered"),
        ({"stages": (VISIT,)}, make_event(program=CHILD, stage=BIRTH), "stage_filtered"),
        ({"programs": (CHILD,)}, make_entity(type_="tyAnimal001"), "type_filtered"),
    ],
)
def test_what_the_pair_leaves_out_is_filtered(
    choices: dict[str, Any], item: TrackerObject, code: str, deleted: bool
) -> None:
    scope = read_choices(
        is_registration=item.program != MALARIA or "programs" in choices, **choices
    )

    assert judge_code(replace(item, deleted=deleted), scope) == code
    assert find_outcome(code) is Outcome.FILTERED


def test_a_deleted_object_is_judged_by_the_filters_only() -> None:
    scope = read_choices(FakeServer(programs=[], units=[]))

    assert judge(make_event(deleted=True), scope) is None


def test_what_could_be_two_things_waits_with_the_reason() -> None:
    destination = FakeServer(codes={WEIGHT: "W"})
    rename(destination, WEIGHT, "deGewicht01")
    destination.elements.append(replace(destination.elements[1], id="deGewicht02", name="Other"))
    destination.codes["deGewicht02"] = "W"
    server: Any = destination
    source: Any = FakeServer(codes={WEIGHT: "W"})
    scope = read_scope(source, server, TrackerChoices(), is_registration=False)

    item = translate_object(make_event({WEIGHT: "3"}), scope.crosswalk)

    verdict = judge(item, scope)
    assert verdict is not None
    assert verdict.code == "identity_unclear"
    assert "deGewicht02" in verdict.reason


UNITS = st.sampled_from([CLINIC, OTHER_CLINIC, REGION, "ouUnknown01"])
EVENTS = st.builds(
    make_event,
    st.dictionaries(
        st.sampled_from([SEX, WEIGHT, REFERRED, "deUnknown01"]),
        st.sampled_from(["F", "1", REGION]),
        max_size=3,
    ),
    program=st.sampled_from([MALARIA, CHILD, "prUnknown01"]),
    stage=st.sampled_from([CASE, BIRTH, VISIT]),
    org_unit=UNITS,
    deleted=st.booleans(),
    occurredAt=st.sampled_from([None, "2025-11-05T00:00:00.000"]),
)
ENTITIES = st.builds(
    make_entity,
    st.dictionaries(st.sampled_from([NAME, VILLAGE, "atUnknown01"]), st.just("x")),
    type_=st.sampled_from([PERSON, "tyAnimal001", "tyUnknown01"]),
    org_unit=UNITS,
)
EVENT_SCOPE = read_choices(org_units=(REGION,))
TRACKER_SCOPE = read_choices(is_registration=True, programs=(CHILD,))


@given(st.lists(EVENTS | ENTITIES), st.sampled_from([EVENT_SCOPE, TRACKER_SCOPE]))
def test_kept_and_refused_are_what_was_given(items: list[TrackerObject], scope: Scope) -> None:
    verdicts = [judge(item, scope) for item in items]

    kept = [item for item, verdict in zip(items, verdicts, strict=True) if verdict is None]
    refused = [verdict for verdict in verdicts if verdict is not None]
    assert len(kept) + len(refused) == len(items)
    assert all(verdict.code in VERDICTS and verdict.reason for verdict in refused)
    assert all(judge(item, scope) is None for item in kept)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "error", "item", "code"),
    [
        (
            "tr-event-bad-program-object",
            "E1010",
            make_event(program="prUnknown01"),
            "program_filtered",
        ),
        ("tr-event-bad-orgunit", "E1011", make_event(org_unit="ouUnknown01"), "org_unit_unknown"),
        ("tr-event-no-date", "E1031", make_event(occurredAt=None), "date_missing"),
        (
            "tr-event-unknown-data-element",
            "E1304",
            make_event({"deUnknown01": "1"}),
            "data_element_unknown",
        ),
        ("tr-event-bad-option", "E1125", make_event({SEX: "X"}), "option_unknown"),
    ],
)
def test_what_real_servers_refuse_is_refused_before(
    version: str, name: str, error: str, item: TrackerObject, code: str
) -> None:
    report = read_exchange(version, name).body["validationReport"]["errorReports"]

    assert error in {one["errorCode"] for one in report if isinstance(one, dict)}
    assert judge_code(item, read_choices()) == code
