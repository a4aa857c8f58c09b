"""Every recorded answer to a metadata import says what it says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.metadata_reports import (
    MetadataReport,
    parse_metadata_report,
    read_metadata_report,
)
from d2_assets.errors import OutcomeUnknownError
from d2_assets.http.answers import Answer
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange, read_exchanges

every_version = pytest.mark.parametrize("version", VERSIONS)


def _report(version: str, name: str) -> MetadataReport:
    exchange = read_exchange(version, name)
    report = parse_metadata_report(exchange.status, exchange.response.get("json"))
    assert report is not None
    return report


def _codes(report: MetadataReport) -> list[tuple[str, str]]:
    return [(error.code, error.property) for error in report.errors]


@needs_recordings
@every_version
def test_every_recorded_import_answer_is_read(version: str) -> None:
    read = 0
    for exchange in read_exchanges(version):
        asked = exchange.request
        if (asked["method"], asked["path"]) != (
            "POST",
            "/api/metadata",
        ) or "async" in exchange.name:
            continue
        report = parse_metadata_report(exchange.status, exchange.body)
        assert report is not None, exchange.name
        assert report.http_status == exchange.status
        if not report.is_bare:
            stats = exchange.body["response"]["stats"]
            assert stats == {name: getattr(report, name) for name in stats}
            assert report.status == exchange.body["response"]["status"]
        assert all(
            error.klass == "DataElement" and error.uid and error.code and error.message
            for error in report.errors
        )
        assert (exchange.status == 200) == (not report.errors and not report.is_bare)
        read += 1
    assert read >= 20


@needs_recordings
@every_version
def test_created_and_updated_objects_are_counted(version: str) -> None:
    created, again = (
        _report(version, name) for name in ("meta-create", "meta-create-again-unchanged")
    )
    assert (created.status, created.created, created.total, created.errors) == ("OK", 2, 2, ())
    assert (again.created, again.updated) == (0, 2)
    assert _report(version, "meta-validate-only").created == 1


@needs_recordings
@every_version
def test_an_object_that_the_strategy_holds_back_is_named_with_a_wrong_index(version: str) -> None:
    (existing,) = _report(version, "meta-strategy-create-existing").errors
    (missing,) = _report(version, "meta-strategy-update-missing").errors
    assert (existing.code, existing.uid, existing.index) == ("E5000", "UO6kL8uVcrj", 1)
    assert (missing.code, missing.uid, missing.index) == ("E5001", "jjmV9zlNDRK", 0)


@needs_recordings
@every_version
def test_a_missing_required_reference_fails_bare_unless_all_or_nothing_was_asked(
    version: str,
) -> None:
    bare = _report(version, "meta-bad-reference-none")
    assert (bare.is_bare, bare.errors, bare.status) == (True, (), "ERROR")
    assert bare.http_status == (500 if version == "2.38" else 409)
    assert bare.message
    told = _report(version, "meta-bad-reference-all")
    assert not told.is_bare
    assert _codes(told) == [("E5002", "categoryCombo")]
    # Two objects were sent, and the server counts three.
    assert (told.status, told.created, told.ignored) == ("ERROR", 0, 3)


@needs_recordings
@every_version
def test_a_missing_optional_reference_lands_the_object_without_it(version: str) -> None:
    report = _report(version, "meta-optionset-missing-reference")
    assert _codes(report) == [("E5002", "optionSet")]
    assert (report.http_status, report.status, report.created) == (409, "WARNING", 1)


@needs_recordings
@every_version
def test_a_user_who_is_not_there_is_a_warning_and_the_object_landed(version: str) -> None:
    report = _report(version, "meta-sharing-unknown-user")
    assert _codes(report) == [("E5002", "userAccesses")]
    assert (report.http_status, report.status, report.created) == (409, "WARNING", 1)


@needs_recordings
@every_version
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("meta-duplicate-code", {("E5003", "code"), ("E5003", "name")}),
        ("meta-missing-required", {("E4000", "valueType"), ("E4000", "domainType")}),
        ("meta-invalid-uid", {("E4002", "id")}),
    ],
)
def test_a_refused_object_has_every_reason(version: str, name: str, codes) -> None:
    report = _report(version, name)
    assert codes <= set(_codes(report))
    assert (report.created, report.updated) == (0, 0)
    assert len({error.uid for error in report.errors}) == 1


@needs_recordings
@every_version
def test_an_unknown_enum_and_malformed_json_are_refused_bare(version: str) -> None:
    enum, malformed = (
        _report(version, name) for name in ("meta-invalid-enum", "meta-malformed-json")
    )
    assert (enum.is_bare, enum.http_status) == (True, 409 if version == "2.43" else 500)
    assert "NO_SUCH_TYPE" in enum.message
    assert (malformed.is_bare, malformed.http_status) == (True, 409)


@needs_recordings
@every_version
def test_unknown_members_and_classes_are_passed_over_in_silence(version: str) -> None:
    assert _report(version, "meta-unknown-property").created == 1
    assert _report(version, "meta-unknown-class").total == 0


@needs_recordings
@every_version
@pytest.mark.parametrize("name", ["meta-delete", "meta-delete-missing"])
def test_deleting_what_is_not_there_is_an_error_of_that_object(version: str, name: str) -> None:
    report = _report(version, name)
    assert (report.http_status, report.deleted, report.ignored) == (409, 0, 1)
    assert [error.code for error in report.errors] == ["E5001"]


@needs_recordings
@every_version
def test_an_import_that_only_began_has_no_report(version: str) -> None:
    exchange = read_exchange(version, "meta-async")
    answer = Answer(exchange.status, json.dumps(exchange.body).encode())
    with pytest.raises(OutcomeUnknownError) as caught:
        read_metadata_report(answer, "1 dataElements")
    assert "1 dataElements" in caught.value.message


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (200, b"{}"),
        (204, b""),
        (500, b"oops"),
        (500, b"[]"),
        (409, b'{"status": "OK"}'),
    ],
)
def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(status, content) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_metadata_report(Answer(status, content), "1 dataElements")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["response", "stats", "message", "status", "typeReports"]), inner
        )
    ),
    max_leaves=6,
)


@given(st.sampled_from([200, 400, 409, 500]), _JSON)
def test_a_bare_refusal_never_claims_that_something_landed(status: int, body) -> None:
    report = parse_metadata_report(status, body)
    if report is not None and report.is_bare:
        assert (report.created, report.updated, report.deleted) == (0, 0, 0)
        assert status != 200
