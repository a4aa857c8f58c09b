"""Before anything is sent: are both servers there, known, on the right calendar, and may we write?

Whatever is wrong is told in one failure. Another calendar than ISO 8601 is refused: the period
ids of an Ethiopian or Nepali server mean other days.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal

from d2_assets.both_sides import ask_both
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import Account
from d2_assets.errors import ConfigurationError, D2AssetsError, join_errors

Moves = Literal["data_values", "metadata", "events", "tracker", "stock"]
FindProblems = Callable[[Account, str], Iterator[D2AssetsError]]

_CALENDARS = frozenset({"iso8601", "gregorian"})


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the servers said of themselves; ``warnings`` are for the log."""

    source_version: str
    destination_version: str
    warnings: tuple[str, ...] = ()


def check_servers(
    source: DHIS2Client,
    destination: DHIS2Client,
    stop: Event | None = None,
    moves: Moves | Iterable[Moves] = "data_values",
) -> Preflight:
    """Ask both servers who they are and who we are there, and whether that is enough to move
    ``moves``: one kind of data, or several.

    One problem is raised as it is, so that what may follow stays known (a server that is down is
    worth another try); several become one that names them all.
    """
    theirs, ours = ask_both(
        lambda: list(_find_problems(source)),
        lambda: list(_find_problems(destination, _list(moves))),
        stop or Event(),
    )
    problems = [*theirs, *ours]
    if problems:
        raise join_errors(problems, "Nothing was sent:")
    warnings = [client.dialect_warning for client in (source, destination)]
    return Preflight(
        source.get_system_info().version,
        destination.get_system_info().version,
        tuple(warning for warning in warnings if warning),
    )


def check_destination(destination: DHIS2Client, moves: Moves = "data_values") -> tuple[str, ...]:
    """The same of a destination whose source is no DHIS2; gives warnings for the log."""
    problems = list(_find_problems(destination, [moves]))
    if problems:
        raise join_errors(problems, "Nothing was sent:")
    warning = destination.dialect_warning
    return (warning,) if warning else ()


def _find_problems(client: DHIS2Client, moves: Sequence[Moves] = ()) -> Iterator[D2AssetsError]:
    try:
        calendar = client.get_system_info().calendar
        _ = client.dialect
        account = client.get_me()
    except D2AssetsError as error:
        yield error
        return
    if calendar not in _CALENDARS:
        yield ConfigurationError(
            f"{client.name} keeps the calendar {calendar}; only iso8601 (Gregorian) is known here.",
            remedy="Period ids mean other days there: this server cannot be part of a pair.",
        )
    found = (each for one in moves for each in _MISSING_RIGHTS[one](account, client.name))
    yield from {str(problem): problem for problem in found}.values()


def _list(moves: Moves | Iterable[Moves]) -> Sequence[Moves]:
    return [moves] if isinstance(moves, str) else list(moves)


def _find_rights_for_values(account: Account, server: str) -> Iterator[D2AssetsError]:
    if not account.may_write_values:
        yield ConfigurationError(
            f"The account {account.username} at {server} may not write data values.",
            remedy="Give it a user role with the authority F_DATAVALUE_ADD.",
        )
    if not account.org_units:
        yield ConfigurationError(
            f"The account {account.username} at {server} has no data capture org units.",
            remedy="Give it data capture organisation units above those that the pair moves.",
        )


def _find_rights_for_metadata(account: Account, server: str) -> Iterator[D2AssetsError]:
    if not account.may_import_metadata:
        yield ConfigurationError(
            f"The account {account.username} at {server} may not import metadata.",
            remedy="Give it a user role with the authority F_METADATA_IMPORT, and with those that "
            "let it change what the pair moves.",
        )


def _find_units_to_write_at(account: Account, server: str) -> Iterator[D2AssetsError]:
    """Sharing of programs and types says the rest, object by object (E1000 for every event)."""
    if not account.org_units:
        yield ConfigurationError(
            f"The account {account.username} at {server} has no data capture org units.",
            remedy="Give it data capture organisation units above those that the pair moves.",
        )


_MISSING_RIGHTS: Mapping[Moves, FindProblems] = {
    "data_values": _find_rights_for_values,
    "metadata": _find_rights_for_metadata,
    "events": _find_units_to_write_at,
    "tracker": _find_units_to_write_at,
    "stock": _find_rights_for_values,
}


def check_write_access(scope: Scope, destination: DHIS2Client) -> None:
    """Whether the destination's account may write anything of what the pair moves."""
    account = destination.get_me().username
    shared = scope.source_units.keys() & scope.destination_units.keys()
    if shared and not shared & scope.writable:
        raise ConfigurationError(
            f"The account {account} at {destination.name} may not write to any organisation unit "
            "of this pair.",
            remedy="Give it data capture organisation units above those that the pair moves.",
        )
    theirs = [scope.destination_data_sets[uid] for uid in scope.shared_data_sets]
    if theirs and not any(data_set.may_write for data_set in theirs):
        raise ConfigurationError(
            f"The account {account} at {destination.name} may not write data of any data set "
            "of this pair.",
            remedy="Give it data write access in the sharing of the data sets.",
        )
