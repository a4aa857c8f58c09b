"""The one place where errors of the product become Dagster failures."""

import dagster as dg

from d2_assets.errors import (
    CancelledError,
    ConfigurationError,
    ContractError,
    D2AssetsError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

_KINDS = {
    ConfigurationError: "settings or rights",
    TransientError: "line or server",
    RejectedError: "request refused",
    OutcomeUnknownError: "answer lost",
    ContractError: "data",
    CancelledError: "cancelled",
}


def make_failure(error: D2AssetsError) -> dg.Failure:
    """What happened and what to do, as a failure. Only what may pass by itself may be retried."""
    metadata: dict[str, dg.MetadataValue] = {
        "what happened": dg.MetadataValue.text(error.message),
        "what to do": dg.MetadataValue.text(error.remedy or "Look at the log of this run."),
        "kind": dg.MetadataValue.text(_KINDS.get(type(error), "error")),
    }
    if isinstance(error, ContractError) and error.findings:
        metadata["findings"] = dg.MetadataValue.text("\n".join(error.findings))
    return dg.Failure(
        description=str(error),
        metadata=metadata,
        allow_retries=may_pass(error),
    )


def may_pass(error: Exception) -> bool:
    """Whether what stopped a run may pass by itself, so that trying again is worth it."""
    return isinstance(error, TransientError | OutcomeUnknownError)
