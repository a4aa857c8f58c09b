"""The YAML file of instances and pairs, typed: what moves from where to where, and how.

The only room that reads the environment. Secrets are never in the file: it names the environment
variable or the file that holds each of them.
"""

from d2_assets.settings.authentication import BasicAuth, TokenAuth
from d2_assets.settings.automation import (
    ChangeSettings,
    RetrySettings,
    ScheduleSettings,
    SweepSettings,
    Timing,
)
from d2_assets.settings.editing import add_instance, add_pair, remove_instance, remove_pair
from d2_assets.settings.loading import find_settings_file, load_settings, parse_settings
from d2_assets.settings.metadata import MetadataSettings
from d2_assets.settings.models import Conflicts, Deletes, Filters, Instance, Pair, Settings
from d2_assets.settings.schema import render_json_schema, write_json_schema
from d2_assets.settings.secrets import SecretReference, read_secret, read_variable
from d2_assets.settings.stock import ReportingSettings, StockSettings
from d2_assets.settings.tracker import TrackerSettings
from d2_assets.settings.vocabulary import Moved

__all__ = [
    "BasicAuth",
    "ChangeSettings",
    "Conflicts",
    "Deletes",
    "Filters",
    "Instance",
    "MetadataSettings",
    "Moved",
    "Pair",
    "ReportingSettings",
    "RetrySettings",
    "ScheduleSettings",
    "SecretReference",
    "Settings",
    "StockSettings",
    "SweepSettings",
    "Timing",
    "TokenAuth",
    "TrackerSettings",
    "add_instance",
    "add_pair",
    "find_settings_file",
    "load_settings",
    "parse_settings",
    "read_secret",
    "read_variable",
    "remove_instance",
    "remove_pair",
    "render_json_schema",
    "write_json_schema",
]
