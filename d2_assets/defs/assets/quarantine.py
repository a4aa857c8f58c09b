"""The asset ``overview/quarantine``: the rows of a pair and month that wait for a person."""

from collections.abc import Generator, Iterator, Sequence

import dagster as dg

from d2_assets.defs.assets import data_values
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.resources import HomeResource, SettingsResource
from d2_assets.defs.runs import PartitionReport, materialise_partitions, open_run
from d2_assets.defs.work_list_table import WORK_LIST, show_work_list
from d2_assets.settings import Pair

_DESCRIPTION = """\
The work list of one month of a pair: every row that could not land, why, and how often it was
tried. A row leaves the list when it has landed, or when a person discards it with a name and a
reason; nothing else takes it off.

The whole list lies in a Parquet file and, for a spreadsheet, in the CSV file beside it. When the
cause is mended, the job replay_quarantine moves rows by their ids; discard_quarantined takes rows
off for good, restore_discarded takes that back. Materialising this asset asks no server: it only
shows the list as it stands.
"""


def build_quarantine(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset over the given partitions; it follows the data in the same run."""

    @dg.multi_asset(
        name="quarantine",
        specs=[
            dg.AssetSpec(
                WORK_LIST,
                deps=[
                    dg.AssetDep(data_values.KEY, partition_mapping=dg.IdentityPartitionMapping())
                ],
                description=_DESCRIPTION,
                group_name="overview",
                kinds={"parquet"},
                owners=["team:d2_assets"],
                tags={"d2/domain": "data_values"},
                skippable=True,
            )
        ],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def quarantine(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        home: HomeResource,
        launch: LaunchResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        run = open_run(context, WORK_LIST, "data_values", settings, launch)

        def show(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            if run.narrowing.is_partial:
                context.log.info(f"{pair.name}: left out: the list stands for whole months.")
                return
            for month in months:
                metadata = show_work_list(home.open(), pair.name, month)
                yield PartitionReport(pair.name, month, metadata, checks=())

        yield from materialise_partitions(run, show)

    return quarantine
