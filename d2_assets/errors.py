"""The errors of the product, sorted by what may follow.

::

    D2AssetsError                what happened, and what to do (``remedy``)
    ├── ConfigurationError       mend the settings or the account, then run again
    ├── TransientError           ask again; the server may say when (``retry_after``)
    ├── RejectedError            the request is wrong; sending it again cannot help
    ├── OutcomeUnknownError      a write whose answer was lost: read back before sending again
    ├── ContractError            the data or the answer is not what it must be (``findings``)
    └── CancelledError           someone stopped the run; what was begun was brought to an end

Each keeps its parts as fields. ``defs.failures`` is the one place that turns them into Dagster
failures. No message ever holds a secret: the HTTP room redacts before it raises.
"""

from collections.abc import Sequence


class D2AssetsError(Exception):
    """What happened in ``message``; what a person can do about it in ``remedy``."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigurationError(D2AssetsError):
    """The settings file, a secret, or the rights of an account need mending.

    ``file`` and ``key`` point at the place in the settings where there is one; ``status`` is the
    HTTP status where a server refused the account (401, 403).
    """

    def __init__(
        self, message: str, *, remedy: str = "", file: str = "", key: str = "", status: int = 0
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.file = file
        self.key = key
        self.status = status


class TransientError(D2AssetsError):
    """The server or the line was not there for a while. ``retry_after`` is in seconds."""

    def __init__(
        self, message: str, *, remedy: str = "", status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.retry_after = retry_after


class RejectedError(D2AssetsError):
    """The server refused the request. ``status`` is the HTTP status, ``code`` DHIS2's own."""

    def __init__(self, message: str, *, remedy: str = "", status: int = 0, code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.code = code


class OutcomeUnknownError(D2AssetsError):
    """A write was sent and its answer was lost. Read the destination back, then decide."""

    def __init__(self, message: str, *, remedy: str = "", status: int = 0) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class ContractError(D2AssetsError):
    """Data or an answer broke what it promised. ``findings`` name the places."""

    def __init__(self, message: str, *, remedy: str = "", findings: Sequence[str] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.findings = tuple(findings)


class CancelledError(D2AssetsError):
    """Someone stopped the run. ``interruption`` is what the process was told, to be raised again
    when everything is in order."""

    def __init__(self, interruption: BaseException | None = None) -> None:
        super().__init__(
            "The run was cancelled.", remedy="Launch the partition again: it goes on from there."
        )
        self.interruption = interruption


def join_errors(errors: Sequence[D2AssetsError], opening: str = "") -> D2AssetsError:
    """Several errors as one that names them all; a single one stays as it is.

    Only when all of them may pass by themselves is the whole a TransientError.
    """
    if len(errors) == 1:
        return errors[0]
    may_pass = all(isinstance(error, TransientError | OutcomeUnknownError) for error in errors)
    kind = TransientError if may_pass else ConfigurationError
    words = " ".join([opening, *(str(error) for error in errors)]).strip()
    return kind(words, remedy="Mend these, then launch again.")
