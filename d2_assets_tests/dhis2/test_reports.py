import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.reports import (
    Conflict,
    ImportCount,
    ImportReport,
    parse_import_report,
    read_import_report,
)
from d2_assets.errors import OutcomeUnknownError, RejectedError
from d2_assets.http.answers import Answer
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange, read_exchanges

FIELDS = {
    "dataElement": "data_element",
    "period": "period",
    "orgUnit": "org_unit",
    "categoryOptionCombo": "category_option_combo",
    "attributeOptionCombo": "attribute_option_combo",
}


def _report(version: str, name: str) -> ImportReport:
    exchange = read_exchange(version, name)
    report = parse_import_report(exchange.status, exchange.response["json"])
    assert report is not None
    return report


def _rows(version: str, name: str) -> list[dict[str, str | None]]:
    body = read_exchange(version, name).request["body"]
    return [
        {ours: value.get(wire) for wire, ours in FIELDS.items()} for value in body["dataValues"]
    ]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_import_answer_is_read(version):
    read = 0
    for exchange in read_exchanges(version):
        body = exchange.response.get("json")
        if not (isinstance(body, dict) and "importCount" in str(body)):
            continue
        report = parse_import_report(exchange.status, body)
        assert report is not None
        summary = body.get("response", body)
        assert report.http_status == exchange.status
        assert report.status == summary["status"]
        assert len(report.conflicts) == len(summary["conflicts"])
        assert sum(summary["importCount"].values()) == report.count.landed + report.count.ignored
        assert all(conflict.message for conflict in report.conflicts)
        read += 1
    assert read >= 20


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["dv-async", "dv-async-task", "dv-read-bad-org-unit"])
def test_other_answers_hold_no_report(version, name):
    assert parse_import_report(200, read_exchange(version, name).response["json"]) is None


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_row_with_a_bad_value_is_refused(version):
    report = _report(version, "dv-one-bad-value")
    refused = report.refused_rows(2)
    assert list(refused) == [0]
    assert refused[0].error_code == ("E8122" if version == "2.43" else "E7619")
    assert report.count.landed == 1
    assert not report.is_whole_refused


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_request_of_one_bad_row_refuses_that_row(version):
    report = _report(version, "dv-empty-value")
    assert list(report.refused_rows(1)) == [0]
    assert not report.is_whole_refused


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name",
    [
        "dv-unknown-data-element",
        "dv-unknown-org-unit",
        "dv-unknown-coc",
        "dv-malformed-uid",
        "dv-missing-key",
    ],
)
def test_one_wrong_key_is_one_guilty_row_on_every_version(version, name):
    report = _report(version, name)
    if version == "2.43":
        assert report.is_whole_refused
        assert report.refused_rows(2) == {}
        guilty = report.find_guilty(_rows(version, name))
    else:
        assert not report.is_whole_refused
        guilty = report.refused_rows(2)
    assert list(guilty) == [0]
    assert guilty[0].message


@needs_recordings
@pytest.mark.parametrize(
    ("name", "guilty"),
    [
        ("dv-wrong-period-type", [0]),
        ("dv-org-unit-outside-data-set", [0]),
        ("dv-duplicate-key", [0, 1]),
        ("dv-id-scheme-code", [0]),
    ],
)
def test_the_words_of_a_refused_group_name_the_guilty(name, guilty):
    report = _report("2.43", name)
    assert report.is_whole_refused
    assert sorted(report.find_guilty(_rows("2.43", name))) == guilty


@needs_recordings
@pytest.mark.parametrize("version", ["2.40", "2.42"])
def test_rows_held_back_by_the_strategy_are_not_refused(version):
    report = _report(version, "dv-strategy-create-existing")
    assert report.held_rows == {0}
    assert report.refused_rows(1) == {}


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["dv-unchanged", "dv-create", "dv-no-values", "dv-dry-run"])
def test_what_went_well_refuses_and_holds_nothing(version, name):
    report = _report(version, name)
    assert report.refused_rows(3) == {}
    assert report.held_rows == frozenset()
    assert not report.is_whole_refused


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40", "2.42"])
def test_malformed_json_refuses_the_whole_and_names_nobody(version):
    report = _report(version, "dv-malformed-json")
    assert report.is_whole_refused
    assert report.description
    assert report.find_guilty([{}, {}]) == {}


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_conflict_of_a_registration_has_no_row_but_that_of_a_single_one(version):
    report = _report(version, "complete-post-bad")
    assert report.refused_rows(2) == {}
    assert report.refused_rows(1)[0].object == "WPwdJQcfN5c"


@needs_recordings
def test_a_plain_message_is_rejected_with_the_servers_words():
    exchange = read_exchange("2.43", "dv-malformed-json")
    answer = Answer(exchange.status, json.dumps(exchange.response["json"]).encode())
    with pytest.raises(RejectedError, match="Expected ]") as caught:
        read_import_report(answer, "2 data values of data set x")
    assert caught.value.status == 400


@pytest.mark.parametrize("answer", [Answer(500, b'{"message": "boom"}'), Answer(200, b"{}")])
def test_an_answer_without_a_report_leaves_the_outcome_unknown(answer):
    with pytest.raises(OutcomeUnknownError) as caught:
        read_import_report(answer, "2 data values of data set x")
    assert caught.value.status == answer.status


def _refused(code: str, arguments: str, message: str = "words") -> ImportReport:
    conflict = Conflict(message, code, indexes=(0, 1, 2), arguments=arguments)
    return ImportReport(409, "ERROR", ImportCount(), (conflict,), frozenset({0, 1, 2}))


ROWS = [
    {
        "data_element": element,
        "period": period,
        "org_unit": unit,
        "category_option_combo": combo,
        "attribute_option_combo": "aoc",
    }
    for element, period, unit, combo in (
        ("de1", "202601", "ou1", "coc1"),
        ("de1", "202602", "ou1", "coc2"),
        ("de2", "202601", "ou2", "coc1"),
    )
]


@pytest.mark.parametrize(
    ("code", "arguments", "guilty"),
    [
        ("E8020", "ds-[de1]", [0, 1]),
        ("E8020", "ds-[de1, de2]", [0, 1, 2]),
        ("E8021", "ds-[202601]", [0, 2]),
        ("E8022", "ds-[ou2]", [2]),
        ("E8011", "[ou1]", [0, 1]),
        ("E8024", "ds-de1-[coc1]", [0]),
        ("E8031", "ou1-[202601, 202602]", [0, 1]),
        ("E8010", "ds", [0, 1, 2]),
        ("E7601", "", [0, 1, 2]),
        ("E8030", "ds-[202601]", []),
        ("E8012", "[co1]", []),
        ("E8020", "", []),
        ("E8024", "[coc1]", []),
        ("E9999", "ds-[de1]", []),
    ],
)
def test_only_rows_that_are_named_for_certain_are_guilty(code, arguments, guilty):
    assert list(_refused(code, arguments).find_guilty(ROWS)) == guilty


def test_row_numbers_beyond_the_request_are_nobody():
    assert _refused("E8106", "9-bad", "Value #9 org unit UID is not valid").find_guilty(ROWS) == {}


def test_the_only_row_of_a_refused_request_is_guilty_whatever_the_words():
    guilty = _refused("E8010", "ds", "no write right").find_guilty(ROWS[:1])
    assert guilty[0].message == "no write right"


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_refused_and_held_rows_never_overlap(conflicting, rejected):
    conflicts = tuple(Conflict("no", indexes=(index,)) for index in conflicting)
    report = ImportReport(
        409, "WARNING", ImportCount(updated=1), conflicts, frozenset(conflicting | rejected)
    )
    assert set(report.refused_rows(10)) == conflicting
    assert report.held_rows == rejected - conflicting
