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
from d2_assets.defs.change_sensors import build_change_sensors  # noqa: E402
from d2_assets.defs.health import build_instance_health, build_instances  # noqa: E402
from d2_assets.defs.jobs import build_jobs, build_test_instances  # noqa: E402
from d2_assets.defs.launch import LaunchResource  # noqa: E402
from d2_assets.defs.notifier import NotifierResource, build_notices  # noqa: E402
from d2_assets.defs.partitions import build_partitions  # noqa: E402
from d2_assets.defs.preflight import PreflightResource  # noqa: E402
from d2_assets.defs.preview import build_preview  # noqa: E402
from d2_assets.defs.resources import (  # noqa: E402
    DHIS2Resource,
    HomeResource,
    OpenLMISResource,
    SettingsResource,
)
from d2_assets.defs.resume_pair import build_resume_pair  # noqa: E402
from d2_assets.defs.retries import build_retries  # noqa: E402
from d2_assets.defs.schedules import build_schedules  # noqa: E402
from d2_assets.defs.work_list import (  # noqa: E402
    build_discard_quarantined,
    build_replay_quarantine,
    build_restore_discarded,
)
from d2_assets.settings import Settings, load_settings  # noqa: E402


def build_definitions(settings: Settings) -> dg.Definitions:
    """Assets, jobs, sensors and schedules over the instances and pairs of the settings."""
    partitions = build_partitions(settings)
    jobs = build_jobs()
    file = str(settings.file)
    return dg.Definitions(
        assets=[
            *build_metadata(partitions),
            build_data_values(partitions),
            *build_tracker_assets(partitions),
            build_quarantine(partitions),
            *build_stock(partitions),
            build_notices(),
            *build_instances(settings),
        ],
        jobs=[
            *jobs,
            build_preview(partitions),
            build_replay_quarantine(partitions),
            build_discard_quarantined(partitions),
            build_restore_discarded(partitions),
            build_resume_pair(),
            build_test_instances(),
        ],
        sensors=[
            *build_change_sensors(settings),
            build_retries(settings, jobs, partitions),
            build_instance_health(settings),
        ],
        schedules=build_schedules(settings),
        resources={
            "settings": SettingsResource(file=file),
            "dhis2": DHIS2Resource(),
            "openlmis": OpenLMISResource(),
            "home": HomeResource(folder=str(settings.home.resolve())),
            "launch": LaunchResource(),
            "preflight": PreflightResource(),
            "notifier": NotifierResource(),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions(load_settings())
