"""What a piece of work is given in a run of Dagster: log, clock, home, progress, and servers."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Event

import dagster as dg

from d2_assets.defs.progress import observe_progress
from d2_assets.defs.resources import DHIS2Resource
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.errand import Errand, make_sleep
from d2_assets.sync.progress import Meter


def take_errand(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    pair: Pair,
    months: Sequence[str],
    asset_key: dg.AssetKey,
    *,
    is_preview: bool = False,
) -> Errand:
    """The months of a pair as work of this run; its progress shows on the asset."""
    stop = Event()
    return Errand(
        pair=pair.name,
        months=tuple(months),
        run=context.run.run_id,
        home=home,
        meter=Meter(time.monotonic, observe_progress(context, asset_key, months)),
        clock=time.time,
        sleep=make_sleep(stop),
        stop=stop,
        is_preview=is_preview,
        notes_writes=settings.is_source(pair.destination),
        log=context.log.info,
        warn=context.log.warning,
    )


@contextmanager
def open_servers(
    dhis2: DHIS2Resource, settings: Settings, pair: Pair, sleep: Callable[[float], None]
) -> Iterator[tuple[DHIS2Client, DHIS2Client]]:
    """Clients of the pair's source and destination, closed at the end of the block."""
    with (
        closing(dhis2.get_client(settings, pair.source, sleep)) as source,
        closing(dhis2.get_client(settings, pair.destination, sleep)) as destination,
    ):
        yield source, destination
