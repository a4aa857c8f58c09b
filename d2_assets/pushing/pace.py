"""How many rows go into one request: as many as the server and the proxies before it can take.

A proxy's limit on the size of a body (413) does not go away, so a size that was too large is
never tried again. A timeout or a 504 says that the server could not store so many rows in time;
when it is quick again, requests grow again.
"""

import threading

#: Seconds within which a request was quick: twice the rows are then far from the 60 seconds after
#: which proxies give up by default.
QUICK = 10.0

#: No request is cut smaller than this for being slow; below it the rows are not what costs.
LEAST = 50


class Pace:
    """The size of the next request, shared by all writers of a run. ``most`` is the pair's."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = most
        self._too_large: int | None = None
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Rows that the next request may have."""
        return self._size

    def succeed(self, rows: int, seconds: float) -> None:
        """A request of so many rows was answered in so many seconds."""
        with self._lock:
            if seconds <= QUICK and rows >= self._size:
                self._size = self._grown()

    def fail(self, rows: int, *, too_large: bool = False) -> None:
        """A request of so many rows took too long, or (``too_large``) was refused for its size."""
        with self._lock:
            if too_large:
                self._too_large = min(rows, self._too_large or rows)
            least = 1 if too_large else min(LEAST, self._most)
            self._size = min(self._size, max(least, (rows + 1) // 2))

    def _grown(self) -> int:
        """Twice the size; half-way to what was too large, until there is little to gain."""
        grown = min(2 * self._size, self._most)
        if self._too_large is None or grown < self._too_large:
            return grown
        middle = (self._size + self._too_large) // 2
        return middle if middle - self._size > self._size // 8 else self._size
