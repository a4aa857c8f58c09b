"""What earlier runs left that this one must know.

Journals of runs that were cut short, what both sides were last seen to share, and what people
took off the work list: three tables for the plan.
"""

from functools import partial
from pathlib import Path

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.scope import Scope
from d2_assets.data_values.translate import translate_values
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.agreed import load_agreed
from d2_assets.ledger.discards import load_discards
from d2_assets.ledger.resume import find_last_open, load_journals
from d2_assets.pushing.line import STILL_STORING
from d2_assets.staging.database import Database
from d2_assets.sync.tracker_work import TrackerWork
from d2_assets.sync.work import Source, Work


def await_open_chunk(work: Work | TrackerWork, destination: DHIS2Client) -> None:
    """Wait until the server has surely stored a chunk that a run sent just before it was killed:
    the destination is read after that."""
    journals = [work.home.journal(work.asset, work.pair, month) for month in work.months]
    sent = find_last_open(journals, destination.url)
    left = 0.0 if sent is None else min(STILL_STORING, sent + STILL_STORING - work.clock())
    if left > 0:
        work.log(f"The last run was cut short while it was sending: waiting {left:.0f} s.")
        work.sleep(left)


def recall(
    database: Database,
    work: Work,
    source: Source,
    destination: DHIS2Client,
    scope: Scope,
    folder: Path,
) -> None:
    """Make ``journalled``, ``discarded`` and, for two-way pairs, ``agreed`` for the work."""
    home, pair = work.home, work.pair
    # Who replays rows has mended their cause: what a run was told before that does not count.
    months = () if work.chosen else work.months
    journals = [home.journal(work.asset, pair, month) for month in months]
    load_journals(database, journals, destination.url)
    if work.choices.reverse:
        load_agreed(database, partial(home.agreed, work.asset, source.name, destination.name))
        path = folder / "agreed.parquet"
        if scope.agrees_by_source and translate_values(database, "agreed", scope.crosswalk, path):
            database.attach("agreed", path, spread_by=SPREAD)
    load_discards(database, home.discards(work.asset, pair))
