"""An outcome is what stands at the destination afterwards, whatever the server answered."""

from typing import Any

import pytest

from d2_assets.errors import OutcomeUnknownError, TransientError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.metadata.compare import Comparison
from d2_assets.metadata.objects import Key, MetadataObject
from d2_assets.metadata.plan import Action, Planned, make_planned
from d2_assets.metadata.settlement import Rejection, Settlement
from d2_assets.metadata.verify import Ended, Found, end_objects
from d2_assets_tests.metadata.classes import SCHEMAS

COMPARISON = Comparison(SCHEMAS, SCHEMAS)
KEY: Key = ("dataElements", "anc")
BODY = {
    "id": "anc",
    "name": "ANC",
    "categoryCombo": {"id": "bjDvmb4bfuf"},
    "optionSet": {"id": "sexes"},
}
OLD = {**BODY, "name": "Old", "lastUpdated": "2026-01-01"}


def create(body: dict[str, Any] = BODY) -> Planned:
    item = MetadataObject("dataElements", "source", body)
    return make_planned(item, Action.CREATE, body=body, wanted=body)


def update() -> Planned:
    item = MetadataObject("dataElements", "source", BODY)
    differences = COMPARISON.find_differences("dataElements", "source", BODY, OLD)
    return make_planned(item, Action.UPDATE, body=BODY, wanted=BODY, differences=differences)


def end(planned: Planned, settlement: Settlement, body: dict[str, Any] | None) -> Ended:
    found = Found({KEY: body} if body else {}, {KEY: "2026-01-01"})
    return end_objects([planned], settlement, found, COMPARISON, SCHEMAS)[0]


TAKEN = Settlement(taken={KEY})


def test_what_stands_there_as_wanted_is_created_or_updated() -> None:
    assert end(create(), TAKEN, BODY).outcome == Outcome.CREATED
    ended = end(update(), TAKEN, BODY)
    assert ended.outcome == Outcome.UPDATED
    assert [one.state for one in ended.differences] == ["drift"]
    assert not ended.is_broken


def test_an_object_that_was_taken_with_ok_and_is_not_there_was_lost() -> None:
    ended = end(create(), TAKEN, None)
    assert (ended.outcome, ended.code) == (Outcome.QUARANTINED, "lost_by_server")
    assert ended.is_broken


def test_an_update_without_a_trace_was_lost() -> None:
    ended = end(update(), TAKEN, OLD)
    assert (ended.outcome, ended.code) == (Outcome.QUARANTINED, "lost_by_server")
    assert ended.is_broken


def test_an_update_that_was_stored_and_keeps_a_value_of_the_servers_own_is_told() -> None:
    ended = end(update(), TAKEN, {**OLD, "lastUpdated": "2026-02-02"})
    assert ended.outcome == Outcome.UPDATED
    assert [(one.property, one.state) for one in ended.differences] == [("name", "kept")]
    assert not ended.is_broken


def test_a_reference_that_did_not_land_is_a_fault() -> None:
    ended = end(create(), TAKEN, {**BODY, "optionSet": None})
    assert ended.outcome == Outcome.CREATED
    assert [(one.property, one.state) for one in ended.differences] == [("optionSet", "lost")]
    assert ended.is_broken


def test_a_refused_object_is_quarantined_with_the_servers_words() -> None:
    settlement = Settlement(refused={KEY: Rejection("E4000", "Missing required property")})
    ended = end(create(), settlement, None)
    assert (ended.outcome, ended.code) == (Outcome.QUARANTINED, "E4000")
    assert ended.reason == "Missing required property"


def test_what_fell_with_a_refused_object_names_it() -> None:
    planned = create({"id": "combo", "name": "Sexes"}), create()
    settlement = Settlement(
        refused={
            ("dataElements", "combo"): Rejection("E4000", "Bad."),
            KEY: Rejection("needs_refused", "Bad.", ("dataElements", "combo")),
        }
    )
    ended = end_objects(planned, settlement, Found(), COMPARISON, SCHEMAS)
    assert "«Sexes» (combo of dataElements)" in ended[1].reason


@pytest.mark.parametrize("body", [None, OLD])
def test_what_nobody_could_confirm_is_queued(body: dict[str, Any] | None) -> None:
    settlement = Settlement(unconfirmed={KEY}, error=OutcomeUnknownError("The line broke."))
    ended = end(update(), settlement, body)
    assert ended.outcome == Outcome.QUEUED
    assert ended.reason == "The line broke."


def test_what_was_not_confirmed_and_stands_there_is_right() -> None:
    settlement = Settlement(unconfirmed={KEY}, error=OutcomeUnknownError("The line broke."))
    assert end(update(), settlement, BODY).outcome == Outcome.UPDATED


def test_what_a_stopped_push_did_not_reach_was_not_attempted() -> None:
    ended = end(create(), Settlement(error=TransientError("Away.")), None)
    assert (ended.outcome, ended.reason) == (Outcome.NOT_ATTEMPTED, "Away.")


def test_without_reading_back_nothing_is_called_right() -> None:
    ended = end_objects([create()], TAKEN, Found(is_read=False), COMPARISON, SCHEMAS)
    assert ended[0].outcome == Outcome.QUEUED


def test_a_deleted_object_is_gone_or_was_not_deleted() -> None:
    planned = make_planned(MetadataObject("dataElements", "anc", BODY), Action.DELETE)
    assert end(planned, TAKEN, None).outcome == Outcome.DELETED
    assert end(planned, TAKEN, BODY).code == "lost_by_server"


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        (Action.UNCHANGED, Outcome.UNCHANGED),
        (Action.HELD, Outcome.HELD_BY_STRATEGY),
        (Action.FILTERED, Outcome.FILTERED),
        (Action.QUARANTINED, Outcome.QUARANTINED),
    ],
)
def test_what_is_not_sent_keeps_its_reason(action: Action, outcome: Outcome) -> None:
    item = MetadataObject("dataElements", "source", BODY)
    planned = make_planned(item, action, reason_code="code", reason="Because.")
    ended = end(planned, Settlement(), None)
    assert (ended.outcome, ended.code, ended.reason) == (outcome, "code", "Because.")


def test_an_option_combo_that_the_server_was_to_make_is_there_under_its_own_uid_or_waits() -> None:
    planned = make_planned(MetadataObject("categoryOptionCombos", "fy", BODY), Action.GENERATE)
    found = Found(generated={("categoryOptionCombos", "fy"): "made"})
    ended = end_objects([planned], Settlement(), found, COMPARISON, SCHEMAS)[0]
    assert (ended.outcome, ended.planned.destination_id) == (Outcome.CREATED, "made")
    ended = end_objects([planned], Settlement(), Found(), COMPARISON, SCHEMAS)[0]
    assert ended.code == "not_generated"
