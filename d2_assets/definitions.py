"""The door that Dagster opens: it puts the parts together and holds no logic."""

import warnings

import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

from d2_assets.defs.assets.data_values import build_data_values  # noqa: E402
from d2_assets.defs.assets.metadata import build_metadata  # noqa: E402
from d2_assets.defs.assets.quarantine import build_quarantine  # noqa: E402
from d2_assets.defs.assets.stock import build_stock  # noqa: E402
from d2_assets.defs.assets.tracker import build_tracker_assets  # noqa: E402
from d2_assets.defs.jobs import build_test_instances  # noqa: E402
from d2_assets.defs.partitions import build_partitions  # noqa: E402
from d2_assets.defs.preview import build_preview  # noqa: E402
from d2_assets.defs.resources import (  # noqa: E402
    DHIS2Resource,
    HomeResource,
    OpenLMISResource,
    SettingsResource,
)
from d2_assets.defs.work_list import (  # noqa: E402
    build_discard_quarantined,
    build_replay_quarantine,
    build_restore_discarded,
)
from d2_assets.settings import Settings, load_settings  # noqa: E402


def build_definitions(settings: Settings) -> dg.Definitions:
    """Assets, jobs and resources over the instances and pairs of the settings."""
    partitions = build_partitions(settings)
    file = str(settings.file)
    return dg.Definitions(
        assets=[
            *build_metadata(partitions),
            build_data_values(partitions),
            *build_tracker_assets(partitions),
            build_quarantine(partitions),
            *build_stock(partitions),
        ],
        jobs=[
            dg.define_asset_job(
                "metadata",
                selection=dg.AssetSelection.groups("metadata"),
                description="Moves the definitions, family by family, for the pairs you choose. "
                "They are done once for all months of a run.",
            ),
            dg.define_asset_job(
                "data",
                selection=dg.AssetSelection.groups("data", "overview"),
                description="Moves aggregate data values, events and tracked entities, for the "
                "months and pairs you choose, and shows the rows that could not land.",
            ),
            dg.define_asset_job(
                "stock",
                selection=dg.AssetSelection.groups("stock"),
                description="Reads stock movements from OpenLMIS and moves the monthly indicators, "
                "for the months and pairs you choose.",
            ),
            build_preview(partitions),
            build_replay_quarantine(partitions),
            build_discard_quarantined(partitions),
            build_restore_discarded(partitions),
            build_test_instances(),
        ],
        resources={
            "settings": SettingsResource(file=file),
            "dhis2": DHIS2Resource(),
            "openlmis": OpenLMISResource(),
            "home": HomeResource(folder=str(settings.home.resolve())),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions(load_settings())
