import pytest

from d2_assets.defs.failures import make_failure
from d2_assets.errors import (
    CancelledError,
    ConfigurationError,
    ContractError,
    D2AssetsError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

KINDS = [
    (ConfigurationError, "settings or rights", False),
    (TransientError, "line or server", True),
    (RejectedError, "request refused", False),
    (OutcomeUnknownError, "answer lost", True),
    (ContractError, "data", False),
]


@pytest.mark.parametrize(("kind", "words", "may_be_retried"), KINDS)
def test_every_kind_of_error_says_what_happened_and_what_to_do(
    kind: type[D2AssetsError], words: str, may_be_retried: bool
) -> None:
    failure = make_failure(kind("The server burns.", remedy="Call the fire brigade."))
    assert failure.description == "The server burns. Call the fire brigade."
    shown = {name: value.value for name, value in failure.metadata.items()}
    assert shown == {
        "what happened": "The server burns.",
        "what to do": "Call the fire brigade.",
        "kind": words,
    }
    assert failure.allow_retries is may_be_retried


def test_all_kinds_of_errors_are_in_the_table() -> None:
    told = {kind for kind, _, _ in KINDS} | {CancelledError}
    assert told == set(D2AssetsError.__subclasses__())


def test_a_cancelled_run_is_no_failure_that_is_tried_again() -> None:
    failure = make_failure(CancelledError())
    assert failure.metadata["kind"].value == "cancelled"
    assert "Launch the partition again" in str(failure.metadata["what to do"].value)
    assert not failure.allow_retries


def test_an_error_without_a_mend_sends_to_the_log() -> None:
    shown = make_failure(RejectedError("No.")).metadata
    assert shown["what to do"].value == "Look at the log of this run."


def test_findings_are_shown_one_a_line() -> None:
    failure = make_failure(ContractError("Two rows are bad.", findings=["row 1", "row 7"]))
    assert failure.metadata["findings"].value == "row 1\nrow 7"
