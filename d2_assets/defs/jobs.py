"""Jobs that are not assets: looking before sending, and asking whether the servers are there."""

from dataclasses import asdict

import dagster as dg
from pydantic import Field

from d2_assets.defs.assets.data_values import KEY, open_work
from d2_assets.defs.failures import make_failure
from d2_assets.defs.partitions import group_by_pair, join_key
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import find_reason_to_leave_out
from d2_assets.defs.tables import show_plan, show_table
from d2_assets.errors import ConfigurationError, D2AssetsError
from d2_assets.settings import Moved
from d2_assets.sync.probe import probe_instances
from d2_assets.sync.work import PlannedWork

#: The assets that have a plan.
_PLANNED: tuple[Moved, ...] = ("data_values",)


class PreviewConfig(dg.Config):
    """Which assets to plan; all that can be planned by default."""

    assets: list[str] = Field(
        default=list(_PLANNED),
        description=f"The assets whose plan is wanted: {', '.join(_PLANNED)}.",
    )


def build_preview(partitions: dg.PartitionsDefinition) -> dg.JobDefinition:
    """The job ``preview``: as far as the plan, for the same partitions as the assets."""

    @dg.op(description="Reads both servers and records what a push would do. Nothing is sent.")
    def plan(
        context: dg.OpExecutionContext,
        config: PreviewConfig,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
    ) -> None:
        known = settings.load()
        try:
            for asset in _choose_assets(config.assets):
                for name, months in group_by_pair(context.partition_keys).items():
                    pair = known.pair(name)
                    reason = find_reason_to_leave_out(pair, asset, known)
                    if reason:
                        context.log.info(f"{asset}: not part of pair {name}: {reason}")
                        continue
                    with open_work(
                        context, known, home.open(), dhis2, pair, months, is_preview=True
                    ) as planned:
                        _record_plan(context, planned)
        except D2AssetsError as error:
            raise make_failure(error) from error

    @dg.job(
        name="preview",
        partitions_def=partitions,
        description="What would be written, before anything is. Reads both servers and records "
        "the plan as an observation on the partition of each chosen asset; nothing is sent and "
        "nothing is marked as materialised.",
    )
    def preview() -> None:
        plan()

    return preview


def _choose_assets(names: list[str]) -> list[Moved]:
    unknown = [name for name in names if name not in _PLANNED]
    if unknown:
        raise ConfigurationError(
            f"There is no asset {', '.join(unknown)} to preview.",
            remedy=f"Choose among {', '.join(_PLANNED)}.",
            key="assets",
        )
    return [name for name in _PLANNED if name in names]


def _record_plan(context: dg.OpExecutionContext, planned: PlannedWork) -> None:
    for month in planned.work.months:
        context.log_event(
            dg.AssetObservation(
                KEY,
                partition=join_key(planned.work.pair, month),
                description="What a push would do. Nothing was sent.",
                metadata=show_plan(planned, month),
            )
        )


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
