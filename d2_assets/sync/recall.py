"""What earlier runs left that this one must know.

Journals of runs that were cut short, what both sides were last seen to share, and what people
took off the work list: three tables for the plan.
"""

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.agreed import load_agreed
from d2_assets.ledger.discards import load_discards
from d2_assets.ledger.journal import load_journals
from d2_assets.staging.database import Database
from d2_assets.sync.work import ASSET, Work


def recall(database: Database, work: Work, source: DHIS2Client, destination: DHIS2Client) -> None:
    """Make the tables ``journalled``, ``agreed`` and ``discarded`` for the months of the work."""
    home, pair = work.home, work.pair
    journals = [home.journal(ASSET, pair, month) for month in work.months]
    load_journals(database, journals, destination.url)
    shared = [home.agreed(ASSET, source.name, destination.name, month) for month in work.months]
    load_agreed(database, shared)
    load_discards(database, home.discards(ASSET, pair))
