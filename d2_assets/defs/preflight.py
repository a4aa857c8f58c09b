"""Before a run sends anything for a pair: its servers are asked once for all that it will move.

Problems of all data types are told in one failure, and every asset of the pair fails with the same
words without asking again. The answers live as long as the process of the run: with an executor
that gives each step a process of its own, each step asks again.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from threading import Event

import dagster as dg
from pydantic import PrivateAttr

from d2_assets.defs.resources import DHIS2Resource
from d2_assets.defs.runs import AssetRun, find_reason_to_leave_out
from d2_assets.errors import CancelledError, D2AssetsError
from d2_assets.settings import Moved, Pair
from d2_assets.sync.errand import make_sleep
from d2_assets.sync.preflight import check_destination, check_servers

#: Assets that send nothing: what lies on disk, and what is read from an OpenLMIS.
_SEND_NOTHING = frozenset({"overview/quarantine", "stock/stock_movements"})


class PreflightResource(dg.ConfigurableResource):
    """Remembers what the servers of each pair said in this run."""

    _said: dict[str, D2AssetsError | None] = PrivateAttr(default_factory=dict)

    def check(self, run: AssetRun, dhis2: DHIS2Resource, pair: Pair) -> None:
        """Ask the servers of the pair, unless this run has. Raises what is wrong, every time."""
        if pair.name not in self._said:
            self._said[pair.name] = _ask(run, dhis2, pair)
        error = self._said[pair.name]
        if error is not None:
            raise error


def list_moves(run: AssetRun, pair: Pair, keys: Iterable[dg.AssetKey]) -> frozenset[Moved]:
    """What the assets of a run send for a pair, as they were chosen at launch."""
    found: set[Moved] = set()
    for key in keys:
        moved, family = _read_key(key)
        if moved is not None and not find_reason_to_leave_out(
            pair, moved, run.settings, family, run.narrowing
        ):
            found.add(moved)
    return frozenset(found)


def _read_key(key: dg.AssetKey) -> tuple[Moved | None, str]:
    """What an asset sends (nothing: None), and the family of one that moves metadata."""
    if key.to_user_string() in _SEND_NOTHING:
        return None, ""
    match key.path:
        case ["metadata", family]:
            return "metadata", family
        case ["data", ("data_values" | "events" | "tracker") as name]:
            return name, ""
        case ["stock", _]:
            return "stock", ""
        case _:
            return None, ""


def _ask(run: AssetRun, dhis2: DHIS2Resource, pair: Pair) -> D2AssetsError | None:
    """What is wrong; None when all is well. A run that is cancelled meanwhile has no answer."""
    selected = run.context.job_def.asset_layer.selected_asset_keys
    moves = sorted(list_moves(run, pair, selected))
    try:
        if moves:
            _check(run, dhis2, pair, moves)
    except CancelledError:
        raise
    except D2AssetsError as error:
        return error
    return None


def _check(run: AssetRun, dhis2: DHIS2Resource, pair: Pair, moves: Sequence[Moved]) -> None:
    """The source of stock is no DHIS2; it is asked when it is read, before anything is sent."""
    stop = Event()
    sleep = make_sleep(stop)
    with closing(dhis2.get_client(run.settings, pair.destination, sleep)) as destination:
        if "stock" in moves:
            check_destination(destination, "stock")
            return
        with closing(dhis2.get_client(run.settings, pair.source, sleep)) as source:
            check_servers(source, destination, stop, moves)
