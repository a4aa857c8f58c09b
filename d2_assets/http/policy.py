"""What is asked again, how often, and after how long: small values and pure functions.

A read may be repeated after anything that passes. A write is repeated only if it surely was not
carried out: a server that answers 504, or nothing, may have stored all of it.
"""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

#: HTTP statuses after which a read is asked again.
RETRIED_READS = frozenset({429, 502, 503, 504})

#: What OpenLMIS says, with 500, while one of its services cannot reach another: it passes.
PASSING_WORDS = "Error fetching from reference data"

#: HTTP statuses that say that a write was turned away before it was looked at.
RETRIED_WRITES = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` in all; delays in seconds, doubling from ``first_delay``.

    A server that asks (Retry-After) for more than ``longest_retry_after`` is not waited for.
    """

    attempts: int = 5
    first_delay: float = 1.0
    longest_delay: float = 60.0
    longest_retry_after: float = 300.0

    def delay(self, attempt: int, retry_after: float | None, jitter: float) -> float:
        """Seconds to wait after the ``attempt``-th try (from 1); ``jitter`` lies in [0, 1).

        Half of the pause is fixed and half is spread, so that clients do not come back together.
        """
        pause = min(self.longest_delay, self.first_delay * 2 ** (attempt - 1))
        spread = pause / 2 + pause / 2 * jitter
        return max(spread, retry_after or 0.0)

    def gives_up(self, attempt: int, retry_after: float | None) -> bool:
        """Whether the ``attempt``-th try was the last."""
        return attempt >= self.attempts or (retry_after or 0.0) > self.longest_retry_after


def parse_retry_after(value: str, date: str) -> float | None:
    """Seconds that a Retry-After header asks for, None if it does not say.

    ``value`` is seconds or an HTTP date; a date is measured from the answer's own ``date`` header,
    so the clocks of the two machines need not agree.
    """
    text = value.strip()
    if text.isdecimal():
        return float(text)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(date.strip())
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())
