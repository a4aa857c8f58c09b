"""Jobs that are no assets and move nothing: asking whether the servers are there."""

from dataclasses import asdict

import dagster as dg

from d2_assets.defs.resources import SettingsResource
from d2_assets.defs.tables import show_table
from d2_assets.sync.probe import probe_instances


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
