"""Failures of the line in words: what broke, whether the request was sent, what to do.

urllib3 tells apart what ``requests`` merges: a connection that was never made (refused, unknown
host, connect timeout) carried nothing, so even a write may be sent again.
"""

import ssl
from collections.abc import Iterator, Mapping

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from d2_assets.errors import (
    ConfigurationError,
    D2AssetsError,
    OutcomeUnknownError,
    TransientError,
)
from d2_assets.http.answers import READ_BACK, Question

_UNKNOWN_ISSUER = "Give the instance the CA file of its certificate (ca_file)."

#: What to do by OpenSSL's verification code; every other one is an issuer that is not known.
_CERTIFICATE_MENDS: Mapping[int, str] = {
    9: "Check the clocks of both machines.",
    10: "Have the server's certificate renewed.",
    62: "Set the URL of this instance to a host name that stands in the certificate.",
    64: "Set the URL of this instance to a host name that stands in the certificate.",
}


def explain_failure(question: Question, failure: Exception, timeout: float) -> D2AssetsError:
    """The error that follows from a connection that failed before, or in, the answer."""
    causes = tuple(_iterate_causes(failure))
    if certificate := _find(causes, ssl.SSLCertVerificationError):
        words = getattr(certificate, "verify_message", "") or _say(certificate)
        mend = _CERTIFICATE_MENDS.get(getattr(certificate, "verify_code", 0), _UNKNOWN_ISSUER)
        return ConfigurationError(
            f"{question.name} was not sent: the server's TLS certificate could not be verified "
            f"({words}).",
            remedy=f"{mend} Verification cannot be turned off.",
        )
    if _holds(causes, ConnectTimeoutError, NewConnectionError, requests.ConnectTimeout):
        return TransientError(
            f"{question.name} was not sent: {_name_missing_server(causes)}.",
            remedy="Check the instance's URL, that the server runs, and the network between.",
        )
    if isinstance(failure, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return ConfigurationError(
            f"{question.name} is no address that can be asked.",
            remedy="Mend the URL of this instance.",
        )
    words = _name_loss(causes, timeout)
    if question.writes:
        return OutcomeUnknownError(
            f"{question.name} was sent and its answer was lost: {words}.", remedy=READ_BACK
        )
    return TransientError(
        f"{question.name} failed: {words}.",
        remedy="Check the server and the network between, then run again.",
    )


def _iterate_causes(failure: BaseException | None) -> Iterator[BaseException]:
    """The failure and what lies behind it; requests and urllib3 put it in args and ``reason``."""
    seen: set[int] = set()
    while failure is not None and id(failure) not in seen:
        seen.add(id(failure))
        yield failure
        held = next((part for part in failure.args if isinstance(part, BaseException)), None)
        failure = getattr(failure, "reason", None) if held is None else held
        if not isinstance(failure, BaseException):
            failure = None


def _holds(causes: tuple[BaseException, ...], *kinds: type[BaseException]) -> bool:
    return _find(causes, *kinds) is not None


def _find(causes: tuple[BaseException, ...], *kinds: type[BaseException]) -> BaseException | None:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)


def _name_missing_server(causes: tuple[BaseException, ...]) -> str:
    if _holds(causes, ProxyError):
        return f"the proxy could not be reached ({_say(causes[-1])})"
    if _holds(causes, NameResolutionError):
        return "the name of its host is not known (DNS)"
    if _holds(causes, ConnectTimeoutError, requests.ConnectTimeout) and not _holds(
        causes, NewConnectionError
    ):
        return "the server did not accept the connection in time"
    return f"the connection was refused ({_say(causes[-1])})"


def _name_loss(causes: tuple[BaseException, ...], timeout: float) -> str:
    if _holds(causes, ReadTimeoutError, requests.ReadTimeout, TimeoutError):
        return f"no answer within {timeout:g} s"
    if _holds(causes, ssl.SSLError):
        return f"the TLS connection failed ({_say(causes[-1])})"
    return f"the answer was cut ({_say(causes[-1])})"


def _say(cause: BaseException) -> str:
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__
