"""Jobs: one for each kind of synchronisation that people know, named as ``sync_type`` names it.

A job holds the assets that its sync type moves, and the work list after data values. Another job
moves nothing: it asks whether the servers are there.
"""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from d2_assets.defs.assets import data_values, metadata, stock, tracker
from d2_assets.defs.resources import SettingsResource
from d2_assets.defs.stock_types import INDICATORS
from d2_assets.defs.tables import show_table
from d2_assets.defs.work_list_table import WORK_LIST
from d2_assets.metadata.families import FAMILIES
from d2_assets.settings import Moved, Pair
from d2_assets.settings.vocabulary import MOVES, SyncType
from d2_assets.sync.probe import probe_instances

_GO_ON = "Each of the data types goes on when another fails."

_SAYS: Mapping[SyncType, str] = {
    "metadata": "Moves the definitions, family by family, for the pairs you choose. They are done "
    "once for all months of a run.",
    "data": "Moves aggregate data values with their completeness registrations, for the months "
    "and pairs you choose, and shows the rows that could not land.",
    "events": "Moves events of programs without registration, for the months and pairs you choose.",
    "tracker": "Moves tracked entities with their enrollments, events and relationships, for the "
    "months and pairs you choose.",
    "both": "Moves the definitions, then aggregate data values. When a family fails, what refers "
    "to it is not begun.",
    "all_data": "Moves tracked entities, then events, then aggregate data values, for the months "
    f"and pairs you choose. {_GO_ON}",
    "complete": "Moves everything: the definitions first, then tracked entities, events and "
    f"aggregate data values. When a family fails, what refers to it is not begun. {_GO_ON}",
    "stock": "Reads stock movements from OpenLMIS and moves the monthly indicators, for the "
    "months and pairs you choose.",
}

#: The job of each sync type.
JOB_OF: Mapping[SyncType, str] = MappingProxyType({name: name for name in MOVES})

#: The assets of what moves, in the order in which a run does them; the families come before.
_ASSETS: Mapping[Moved, tuple[dg.AssetKey, ...]] = {
    "tracker": (tracker.TRACKER,),
    "events": (tracker.EVENTS,),
    "data_values": (data_values.KEY, WORK_LIST),
    "stock": (stock.MOVEMENTS, *(stock.indicator_key(one) for one in INDICATORS)),
}


def build_jobs() -> list[UnresolvedAssetJobDefinition]:
    """A job for each sync type."""
    return [
        dg.define_asset_job(
            JOB_OF[name],
            selection=dg.AssetSelection.assets(*list_asset_keys(name)),
            description=words,
        )
        for name, words in _SAYS.items()
    ]


def list_asset_keys(sync_type: SyncType) -> tuple[dg.AssetKey, ...]:
    """The assets of a sync type's job, in the order in which a run does them."""
    moved = MOVES[sync_type]
    families = FAMILIES if "metadata" in moved else ()
    return (
        *(metadata.family_key(name) for name in families),
        *(key for name, keys in _ASSETS.items() if name in moved for key in keys),
    )


def list_pair_assets(pair: Pair) -> tuple[dg.AssetKey, ...]:
    """The assets that a pair moves: those of its sync type, less the families that its filters
    leave out."""
    chosen = pair.filters.families
    left_out = {metadata.family_key(name) for name in FAMILIES if chosen and name not in chosen}
    return tuple(key for key in list_asset_keys(pair.sync_type) if key not in left_out)


def build_test_instances() -> dg.JobDefinition:
    """The job ``test_instances``: the table of ``d2-assets instances test``, in the UI."""

    @dg.op(description="Asks every active instance who it is and what its account may do.")
    def ask_instances(context: dg.OpExecutionContext, settings: SettingsResource) -> None:
        reports = probe_instances(settings.load())
        table = show_table(asdict(report) for report in reports)
        silent = [report.name for report in reports if report.message]
        if silent:
            raise dg.Failure(f"{', '.join(silent)} cannot be used.", metadata={"instances": table})
        context.add_output_metadata({"instances": table})

    @dg.job(
        name="test_instances",
        description="Is each server there, of which version, and may its account write?",
    )
    def test_instances() -> None:
        ask_instances()

    return test_instances
