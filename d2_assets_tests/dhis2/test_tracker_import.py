"""Imports: what is sent, and jobs that take their time."""

import json
from decimal import Decimal
from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import (
    CancelledError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.http.answers import Answer
from d2_assets_tests.dhis2.fakes import FakeSession, Params
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange

REPORT = {
    "status": "OK",
    "validationReport": {"errorReports": []},
    "stats": {"created": 1, "updated": 0, "deleted": 0, "ignored": 0, "total": 1},
}
ACCEPTED = {"status": "OK", "response": {"id": "job00000001", "location": "https://x/tracker/jobs"}}
MISSING = RejectedError("none", status=404)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def read(self) -> float:
        return self.now


def _serve(answer: Any) -> tuple[DHIS2Client, FakeSession]:
    session: Any = FakeSession(answer)
    return DHIS2Client("national", session), session


def _answer(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body).encode())


def test_an_import_goes_plain_and_each_object_stands_for_itself():
    client, session = _serve(lambda path, params: _answer(200, REPORT))
    point = {"type": "Point", "coordinates": [Decimal("1.10"), 2]}
    report = client.post_tracker({"events": [{"event": "a", "geometry": point}]})
    assert (report.created, report.errors, report.is_whole_refused) == (1, (), False)
    assert session.asked == [
        (
            "api/tracker",
            {
                "async": "false",
                "atomicMode": "OBJECT",
                "importStrategy": "CREATE_AND_UPDATE",
                "reportMode": "ERRORS",
                "skipRuleEngine": "true",
                "skipSideEffects": "true",
            },
        )
    ]
    body = b'{"events":[{"event":"a","geometry":{"type":"Point","coordinates":[1.10,2]}}]}'
    assert session.sent == [(body, False)]


def test_rules_side_effects_and_strategy_can_be_chosen():
    client, session = _serve(lambda path, params: _answer(200, REPORT))
    client.post_tracker(
        {"events": []}, strategy="DELETE", skip_rule_engine=False, skip_side_effects=False
    )
    params = session.asked[0][1]
    assert (params["importStrategy"], params["skipRuleEngine"], params["skipSideEffects"]) == (
        "DELETE",
        "false",
        "false",
    )


class Job:
    """A job whose messages are told one after the other; errors are raised."""

    def __init__(self, *messages: Any, report: Any = REPORT) -> None:
        self.messages = list(messages)
        self.report = report if isinstance(report, list) else [report]

    def answer(self, path: str, params: Params) -> Any:
        if path == "api/tracker":
            return _answer(200, ACCEPTED)
        answers = self.report if path.endswith("/report") else self.messages
        told = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(told, Exception):
            raise told
        return told


def _run(job: Job, clock: Clock) -> tuple[Any, FakeSession]:
    client, session = _serve(job.answer)
    report = client.post_tracker(
        {"events": [{"event": "a"}]}, run_async=True, sleep=clock.sleep, clock=clock.read
    )
    return report, session


def test_a_job_is_asked_for_by_its_id_until_it_is_done():
    clock = Clock()
    going, done = [{"completed": False}], [{"completed": True}, {"completed": False}]
    report, session = _run(Job([], MISSING, going, done), clock)
    assert report.created == 1
    assert [path for path, _ in session.asked] == [
        "api/tracker",
        *["api/tracker/jobs/job00000001"] * 4,
        "api/tracker/jobs/job00000001/report",
    ]
    assert clock.pauses == [0.5, 0.75, 1.125, 1.6875]
    assert session.asked[0][1]["async"] == "true"


def test_a_report_that_comes_late_and_a_server_that_is_away_are_waited_for():
    clock = Clock()
    away = TransientError("away", status=503)
    report, _ = _run(Job(away, [{"completed": True}], report=[MISSING, None, REPORT]), clock)
    assert report.created == 1


def test_a_job_that_says_nothing_any_more_leaves_the_outcome_unknown():
    clock = Clock()
    with pytest.raises(OutcomeUnknownError, match="job00000001 for 1 events gave no report"):
        _run(Job([{"completed": False}]), clock)
    assert max(clock.pauses) == 10
    assert 900 <= clock.now < 920


def test_a_job_that_is_done_and_never_reports_is_given_up_soon():
    clock = Clock()
    with pytest.raises(OutcomeUnknownError, match="It was done when it was last heard of"):
        _run(Job([{"completed": True}], report=MISSING), clock)
    assert 60 <= clock.now < 80


def test_a_job_that_fell_over_reports_a_bare_refusal():
    crash = {"status": "ERROR", "validationReport": {"errorReports": []}, "message": "Exception"}
    report, _ = _run(Job([{"completed": True}], report=crash), Clock())
    assert (report.is_bare, report.is_whole_refused, report.message) == (True, True, "Exception")


def test_a_job_that_keeps_talking_is_not_given_up():
    clock = Clock()
    talk = [[{"completed": False}] * number for number in range(1, 300)]
    report, _ = _run(Job(*talk, [{"completed": True}] * 300), clock)
    assert report.created == 1
    assert clock.now > 900


def test_a_cancelled_run_does_not_wait_for_its_job():
    def sleep(seconds: float) -> None:
        raise CancelledError()

    client, _ = _serve(Job([]).answer)
    with pytest.raises(CancelledError):
        client.post_tracker({"events": []}, run_async=True, sleep=sleep, clock=lambda: 0.0)


def test_a_server_that_answers_at_once_needs_no_job():
    client, session = _serve(lambda path, params: _answer(200, REPORT))
    assert client.post_tracker({"events": []}, run_async=True).created == 1
    assert len(session.asked) == 1


def test_a_refusal_needs_no_job():
    refused = {"status": "ERROR", "message": "no", "response": {"id": "x"}}
    client, _ = _serve(lambda path, params: _answer(409, refused))
    assert client.post_tracker({"events": []}, run_async=True).is_bare


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_jobs_end_with_their_report(version):
    clock = Clock()

    def answer(path: str, params: Params) -> Any:
        if path == "api/tracker":
            return _answer(200, read_exchange(version, "tr-async").body)
        job = read_exchange(version, "tr-async").body["response"]["id"]
        assert path.startswith(f"api/tracker/jobs/{job}")
        name = "tr-async-report" if path.endswith("/report") else "tr-async-job"
        body = read_exchange(version, name).body
        return [one for one in body if isinstance(one, dict)] if isinstance(body, list) else body

    client, _ = _serve(answer)
    report = client.post_tracker(
        {"events": [{}]}, run_async=True, sleep=clock.sleep, clock=clock.read
    )
    assert (report.created, report.total, report.is_bare) == (1, 1, False)
