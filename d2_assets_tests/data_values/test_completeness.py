from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.completeness import (
    CompletenessPlan,
    Registrations,
    digest_registration,
    plan_registrations,
    push_registrations,
    read_registrations,
)
from d2_assets.data_values.scope import Cut, Scope
from d2_assets.data_values.verdicts import VERDICTS
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.errors import OutcomeUnknownError, RejectedError, TransientError
from d2_assets.ledger.outcomes import Outcome
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    COUNTRY,
    DATA_SETS,
    MONTH,
    MONTHLY,
    OPTION,
    QUARTER,
    QUARTERLY,
    UNITS,
    make_scope,
    make_window,
    scope_with_monthly,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, Fault, registration_key

WHOLE = (Cut((COUNTRY,), children=True),)


def _registration(**changes: Any) -> CompletenessRegistration:
    complete = CompletenessRegistration(
        MONTHLY, MONTH, CLINIC_1, OPTION, "2025-12-01", True, "anna"
    )
    return replace(complete, **changes)


DONE, OPEN = _registration(), _registration(completed=False)


def _by_key(*items: CompletenessRegistration) -> Registrations:
    return {registration_key(item): item for item in items}


def _plan(
    source: Registrations,
    destination: Registrations | None = None,
    scope: Scope | None = None,
    **choices: Any,
) -> CompletenessPlan:
    return plan_registrations(source, destination or {}, scope or make_scope(), Choices(**choices))


def _outcomes(plan: CompletenessPlan) -> list[Outcome]:
    return [item.outcome for item in plan.planned]


def _push(server: FakeDHIS2, plan: CompletenessPlan, chunk_size: int = 100) -> CompletenessPlan:
    return push_registrations(
        server.client,
        plan,
        lambda: read_registrations(server.client, DATA_SETS, WHOLE, make_window()),
        chunk_size,
    )


def test_registrations_of_the_windows_periods_are_read_by_subtree() -> None:
    server = FakeDHIS2()
    theirs = [DONE, _registration(data_set=QUARTERLY, period=QUARTER)]
    server.register(*theirs, _registration(period="202401"))
    found = read_registrations(server.client, DATA_SETS, WHOLE, make_window())
    assert found == _by_key(*theirs)


HELD = Outcome.HELD_BY_STRATEGY


@pytest.mark.parametrize(
    ("strategy", "new", "changed", "same"),
    [
        ("CREATE", Outcome.CREATED, HELD, Outcome.UNCHANGED),
        ("UPDATE", HELD, Outcome.UPDATED, Outcome.UNCHANGED),
        ("CREATE_AND_UPDATE", Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED),
        ("DELETE", HELD, HELD, Outcome.UNCHANGED),
    ],
)
def test_every_strategy_has_one_outcome_for_every_situation(
    strategy: str, new: Outcome, changed: Outcome, same: Outcome
) -> None:
    source = _by_key(DONE)
    by_situation = [
        _outcomes(_plan(source, destination, import_strategy=strategy))
        for destination in ({}, _by_key(OPEN), _by_key(DONE))
    ]
    assert by_situation == [[new], [changed], [same]]


def test_date_and_user_are_not_compared() -> None:
    stamped = _registration(date="2025-12-24", stored_by="mover")
    assert _outcomes(_plan(_by_key(DONE), _by_key(stamped))) == [Outcome.UNCHANGED]


def test_what_only_the_destination_has_is_counted_within_the_scope() -> None:
    inside = {uid: unit for uid, unit in UNITS.items() if uid != CLINIC_3}
    there = _by_key(_registration(org_unit=CLINIC_2), _registration(org_unit=CLINIC_3))
    assert _plan(_by_key(DONE), there, make_scope(source_units=inside)).destination_only == 1


MONTHLY_SET = DATA_SETS[MONTHLY]
WITHOUT_CLINIC = {uid: unit for uid, unit in UNITS.items() if uid != CLINIC_1}


UNFIT: Mapping[str, tuple[CompletenessRegistration, Scope]] = {
    "org_unit_too_deep": (_registration(org_unit="UnitTooDeep"), make_scope()),
    "data_set_unknown": (DONE, make_scope(destination_data_sets={})),
    "period_wrong_type": (_registration(period=QUARTER), make_scope()),
    "data_set_read_only": (DONE, scope_with_monthly(may_write=False)),
    "org_unit_unknown": (DONE, make_scope(destination_units=WITHOUT_CLINIC)),
    "org_unit_outside_data_set": (DONE, scope_with_monthly(org_units=frozenset())),
    "org_unit_outside_account": (DONE, make_scope(writable=frozenset(WITHOUT_CLINIC))),
    "attribute_option_combo_outside": (
        _registration(attribute_option_combo="OptionOther"),
        make_scope(),
    ),
}


@pytest.mark.parametrize("code", UNFIT)
def test_an_unfit_registration_has_the_verdict_of_a_value_and_names_the_thing(code: str) -> None:
    item, scope = UNFIT[code]
    (planned,) = _plan(_by_key(item), scope=scope).planned
    assert (planned.code, planned.outcome) == (code, VERDICTS[code].outcome)
    assert not planned.is_sent
    assert "{" not in planned.words
    assert any(part in planned.words for part in registration_key(item))


def test_what_is_planned_lands_and_is_read_back() -> None:
    server = FakeDHIS2()
    other = _registration(org_unit=CLINIC_2)
    server.register(OPEN)
    plan = _plan(_by_key(DONE, other), _by_key(OPEN))
    settled = _push(server, plan, chunk_size=1)
    assert _outcomes(settled) == [Outcome.UPDATED, Outcome.CREATED]
    assert server.registrations == _by_key(DONE, other)
    again = _plan(_by_key(DONE, other), server.registrations)
    assert _outcomes(again) == [Outcome.UNCHANGED] * 2
    sent = len(server.posted_registrations)
    assert _push(server, again) is again
    assert len(server.posted_registrations) == sent == 2


def test_a_refused_registration_is_quarantined_with_the_servers_words() -> None:
    other = _registration(org_unit=CLINIC_2)
    server = FakeDHIS2(refused_registrations={registration_key(other)})
    settled = _push(server, _plan(_by_key(DONE, other)))
    assert _outcomes(settled) == [Outcome.CREATED, Outcome.QUARANTINED]
    assert f"No write access for {CLINIC_2}" in settled.planned[1].words
    assert settled.planned[1].code == "not_registered"


def test_a_registration_that_the_server_lost_in_silence_is_quarantined() -> None:
    server = FakeDHIS2()
    settled = push_registrations(server.client, _plan(_by_key(DONE)), lambda: {}, 10)
    (item,) = settled.planned
    assert item.outcome == Outcome.QUARANTINED
    assert "answered success" in item.words


@pytest.mark.parametrize("stored", [0, 1])
def test_a_lost_answer_is_settled_by_reading_back(stored: int) -> None:
    lost = OutcomeUnknownError("The answer was lost.", status=504)
    server = FakeDHIS2(faults=[Fault(lost, stored=stored)])
    settled = _push(server, _plan(_by_key(DONE)))
    (item,) = settled.planned
    assert item.outcome == (Outcome.CREATED if stored else Outcome.QUARANTINED)
    assert item.words == ("" if stored else "The answer was lost.")


def test_a_refused_request_does_not_keep_the_next_from_being_sent() -> None:
    server = FakeDHIS2(faults=[Fault(RejectedError("Too many.", status=409))])
    other = _registration(org_unit=CLINIC_2)
    settled = _push(server, _plan(_by_key(DONE, other)), chunk_size=1)
    assert _outcomes(settled) == [Outcome.QUARANTINED, Outcome.CREATED]


def test_a_server_that_is_gone_stops_the_push() -> None:
    server = FakeDHIS2(faults=[Fault(TransientError("The server is not there."))])
    with pytest.raises(TransientError):
        _push(server, _plan(_by_key(DONE)))


def test_a_plan_that_was_stopped_says_what_was_sent() -> None:
    held = _registration(period=QUARTER)
    plan = _plan(_by_key(DONE, held))
    assert _outcomes(plan.stop()) == [Outcome.NOT_ATTEMPTED, Outcome.QUARANTINED]
    assert _outcomes(plan.stop(sent=True)) == [Outcome.QUEUED, Outcome.QUARANTINED]
    assert plan.stop().tally.unaccounted == 0


_registrations = st.lists(
    st.builds(
        _registration,
        data_set=st.sampled_from([MONTHLY, QUARTERLY, "DataSetNone"]),
        period=st.sampled_from([MONTH, QUARTER]),
        org_unit=st.sampled_from([*UNITS, "UnitNowhere"]),
        completed=st.booleans(),
    ),
    max_size=20,
)


@given(_registrations, _registrations, _registrations)
def test_every_registration_ends_in_one_outcome_and_a_second_push_sends_what_was_refused_only(
    ours: list[CompletenessRegistration],
    theirs: list[CompletenessRegistration],
    refused: list[CompletenessRegistration],
) -> None:
    guilty = {registration_key(item) for item in refused}
    server = FakeDHIS2(refused_registrations=guilty)
    server.register(*theirs)
    source = _by_key(*ours)
    settled = _push(server, _plan(source, dict(server.registrations)))
    assert settled.tally.read == len(source)
    assert settled.tally.unaccounted == 0
    again = _plan(source, server.registrations)
    assert {registration_key(item.registration) for item in again.planned if item.is_sent} <= guilty


@pytest.mark.parametrize(
    ("scope", "before"), [(make_scope(writable=frozenset()), "quarantined"), (None, "created")]
)
def test_a_discarded_registration_is_left_alone_until_it_changes(
    scope: Scope | None, before: str
) -> None:
    discarded = frozenset({digest_registration(DONE)})

    def plan(item: CompletenessRegistration, known: frozenset[int]) -> list[Outcome]:
        source = _by_key(item)
        whole = scope or make_scope()
        return _outcomes(plan_registrations(source, {}, whole, Choices(), known))

    assert plan(DONE, frozenset()) == [Outcome(before)]
    assert plan(DONE, discarded) == [Outcome.DISCARDED]
    assert plan(replace(DONE, stored_by="ben"), discarded) == [Outcome.DISCARDED]
    assert plan(OPEN, discarded) == [Outcome(before)]


def test_a_registration_outside_the_pair_is_filtered_even_when_it_was_discarded() -> None:
    scope = make_scope(source_units={})
    known = frozenset({digest_registration(DONE)})
    plan = plan_registrations(_by_key(DONE), {}, scope, Choices(), known)
    assert _outcomes(plan) == [Outcome.FILTERED]


def test_the_fingerprint_of_a_registration_does_not_change_between_versions() -> None:
    """It is kept on disk with the discards."""
    assert digest_registration(DONE) == 10470946127663137608
    assert digest_registration(OPEN) != digest_registration(DONE)
