"""A person takes rows off the work list, with a name and a reason."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.working_off import (
    LIST,
    decide,
    discard,
    find_registration,
    find_spoilt,
    list_ids,
    spoil_registration,
)
from d2_assets_tests.journeys.world import (
    MONTH,
    list_registrations,
)

pytestmark = pytest.mark.one_direction


def test_a_discarded_row_is_not_sent_until_its_content_changes(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    (uid,) = list_ids(journey)
    run = discard(journey, [uid])
    assert run.success, run.failure
    assert journey.quarantine(MONTH) == []
    (told,) = run.show(MONTH, asset=LIST)["discards"]
    assert (told["name"], told["reason"], told["id"]) == (
        "Awa Diop",
        "Entered twice on paper.",
        uid,
    )
    again = journey.materialise(MONTH)
    assert again.outcomes(MONTH)["discarded"] == 1
    check = again.check("destination_equals_source")
    assert (check.passed, check.severity.value) == (False, "WARN")
    assert "1 discarded" in (check.description or "")
    assert journey.quarantine(MONTH) == []
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})
    journey.source.store.put_data_values([replace(spoilt, value="few")])
    changed = journey.materialise(MONTH)
    assert "discarded" not in changed.outcomes(MONTH)
    assert [(row["id"], row["value"]) for row in journey.quarantine(MONTH)] == [(uid, "few")]
    journey.source.store.put_data_values([replace(spoilt, value="12")])
    assert journey.materialise(MONTH).check("destination_equals_source").passed
    assert journey.quarantine(MONTH) == []
    journey.prove_nothing_is_lost(MONTH)


def test_a_discard_that_is_taken_back_is_on_the_list_again(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    before = journey.quarantine(MONTH)
    (uid,) = list_ids(journey)
    discard(journey, [uid])
    run = decide(journey, "restore_discarded", rows=[uid])
    assert run.success, run.failure
    assert journey.quarantine(MONTH) == before
    assert run.show(MONTH, asset=LIST)["discards"] == [{"": "none"}]
    assert not decide(journey, "restore_discarded", rows=[uid]).success
    assert journey.materialise(MONTH).outcomes(MONTH)["quarantined"] == 1
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})
    log = journey.home / "quarantine" / "data_values" / PAIR / "discards.jsonl"
    lines = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    assert [line["action"] for line in lines] == ["discard", "restore"]
    assert lines[0]["row"]["value"] == "many"


def test_a_discarded_registration_is_not_sent_until_it_changes(journey: Journey) -> None:
    store, data_set = spoil_registration(journey)
    journey.materialise(MONTH)
    row = find_registration(journey)
    assert discard(journey, [row["id"]]).success
    store.put_metadata("dataSets", [data_set])
    assert journey.materialise(MONTH).completeness(MONTH)["discarded"] == 1
    assert journey.quarantine(MONTH) == []
    one = list_registrations(journey.source.store, [MONTH])[0]
    journey.source.store.put_registrations([replace(one, completed=False)])
    assert journey.materialise(MONTH).completeness(MONTH)["created"] == 1
    journey.prove_nothing_is_lost(MONTH)
    journey.prove_registrations(MONTH)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"name": " "}, "name"), ({"reason": ""}, "reason"), ({"rows": []}, "rows")],
)
def test_a_decision_needs_rows_a_name_and_a_reason(
    journey: Journey, wrong: dict[str, Any], named: str
) -> None:
    find_spoilt(journey)
    journey.materialise(MONTH)
    before = journey.quarantine(MONTH)
    run = discard(journey, list_ids(journey), **wrong)
    assert not run.success
    assert f"{named} must not be empty" in run.failure
    assert journey.quarantine(MONTH) == before
