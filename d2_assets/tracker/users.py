"""Users of the destination by their names there: who an event is assigned to.

A user has another UID on each server, and its name is what a person logs in with. They are asked
for once, and only when an event is assigned to someone: most are not.
"""

from collections.abc import Callable, Sequence
from threading import Lock

from d2_assets.dhis2.metadata_objects import Identity
from d2_assets.errors import ConfigurationError


class Users:
    """The destination's users, listed at the first question.

    ``list_users`` gives the identities of all of them; a server that refuses it to the account
    (403) shows none.
    """

    def __init__(self, list_users: Callable[[], Sequence[Identity]]) -> None:
        self._list_users = list_users
        self._by_name: dict[str, str] | None = None
        self._lock = Lock()

    def find(self, username: str) -> str | None:
        """The UID of the user with that name; None where there is none to be seen."""
        with self._lock:
            if self._by_name is None:
                self._by_name = {one.username: one.id for one in self._list() if one.username}
        return self._by_name.get(username)

    def _list(self) -> Sequence[Identity]:
        try:
            return self._list_users()
        except ConfigurationError as error:
            if error.status != 403:
                raise
            return ()


#: Of a server that shows none.
NO_USERS = Users(lambda: ())
