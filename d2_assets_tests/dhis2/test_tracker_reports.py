"""What the answers of all versions to an import of tracker objects mean."""

import json
from typing import Any

import pytest

from d2_assets.dhis2.tracker_reports import TrackerError, parse_tracker_report, read_tracker_report
from d2_assets.errors import OutcomeUnknownError, RejectedError
from d2_assets.http.answers import Answer
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange


def _answer(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body).encode())


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_object_is_known_by_its_error_though_the_answer_is_ok(version):
    exchange = read_exchange(version, "tr-event-bad-program-object")
    report = parse_tracker_report(exchange.status, exchange.body)
    assert report
    assert (report.http_status, report.status, report.created, report.ignored) == (200, "OK", 1, 1)
    (error,) = report.errors
    assert (error.code, error.tracker_type, error.uid) == ("E1010", "EVENT", "jcazpNvfeLE")
    assert not report.is_bare
    assert not report.is_whole_refused


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_answer_to_an_import_is_a_report(version):
    for name in (
        "tr-event-create",
        "tr-event-again",
        "tr-event-create-existing",
        "tr-event-no-date",
        "tr-event-unknown-data-element",
        "tr-event-bad-option",
        "tr-report-mode-errors",
        "tr-empty",
        "tr-event-delete",
        "tr-event-delete-again",
        "tr-event-recreate-deleted",
        "tr-te-second-enrollment",
        "tr-te-bad-type",
        "tr-enrollment-no-te",
    ):
        exchange = read_exchange(version, name)
        report = parse_tracker_report(exchange.status, exchange.body)
        assert report, name
        stats = exchange.body["stats"]
        assert (report.created, report.updated, report.deleted, report.ignored, report.total) == (
            stats["created"],
            stats["updated"],
            stats["deleted"],
            stats["ignored"],
            stats["total"],
        )
        listed = exchange.body["validationReport"]["errorReports"]
        assert len(report.errors) == len(listed)
        assert not report.is_bare


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_all_or_nothing_is_a_report_of_a_whole_refusal(version):
    exchange = read_exchange(version, "tr-event-bad-program-all")
    report = parse_tracker_report(exchange.status, exchange.body)
    assert report
    assert report.is_whole_refused
    assert [error.code for error in report.errors] == ["E1010"]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["tr-atomic-none", "tr-malformed-json"])
def test_a_refusal_with_nothing_but_a_message_is_bare(version, name):
    exchange = read_exchange(version, name)
    report = read_tracker_report(_answer(exchange.status, exchange.body), "1 events")
    assert report.is_bare
    assert report.is_whole_refused
    assert report.message


@needs_recordings
def test_2_38_falls_over_with_and_without_errors():
    again = read_exchange("2.38", "tr-te-again")
    report = parse_tracker_report(again.status, again.body)
    assert report
    assert (report.is_bare, report.is_whole_refused, report.total) == (True, True, 0)
    assert "organisationUnit" in report.message
    taken = read_exchange("2.38", "tr-te-unique-attribute-taken")
    report = parse_tracker_report(taken.status, taken.body)
    assert report
    assert (report.is_bare, report.is_whole_refused) == (False, True)
    assert report.errors == (
        TrackerError(
            "E1064",
            "Non-unique attribute value `0000000` for attribute `Ewi7FUfcHAD`",
            "TRACKED_ENTITY",
            "b8hzrptCwVo",
        ),
    )


@pytest.mark.parametrize("status", [413, 415, 422])
def test_a_request_that_was_not_even_read_is_rejected(status):
    with pytest.raises(RejectedError, match="2 events was refused"):
        read_tracker_report(_answer(status, {"message": "too large"}), "2 events")


@pytest.mark.parametrize("body", [{"status": "OK"}, [], {"response": {"id": "x"}}])
def test_a_success_without_a_report_leaves_the_outcome_unknown(body):
    with pytest.raises(OutcomeUnknownError):
        read_tracker_report(_answer(200, body), "2 events")
    with pytest.raises(OutcomeUnknownError):
        read_tracker_report(Answer(200, b"no json"), "2 events")
