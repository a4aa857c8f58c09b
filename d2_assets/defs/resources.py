"""What assets are given: the settings, clients of servers, and the folder of the data.

They hold paths and names only. Secrets are read when a client is made, and never shown.
"""

import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from d2_assets.defs.failures import make_failure
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import ConfigurationError
from d2_assets.settings import Pair, Settings, load_settings
from d2_assets.staging.layout import Home
from d2_assets.sync.connect import connect, connect_openlmis, connect_reporting
from d2_assets.sync.stock_work import StockReader


class SettingsResource(dg.ConfigurableResource):
    """The settings file of instances and pairs, read anew for every run."""

    file: str

    def read(self) -> Settings:
        """The settings; ConfigurationError names what is wrong with the file."""
        return load_settings(Path(self.file))

    def load(self) -> Settings:
        """The settings; what is wrong with the file, as a Failure."""
        try:
            return self.read()
        except ConfigurationError as error:
            raise make_failure(error) from error


class DHIS2Resource(dg.ConfigurableResource):
    """Clients of the DHIS2 servers in the settings file, by their names there."""

    def get_client(
        self, settings: Settings, instance: str, sleep: Callable[[float], None] = time.sleep
    ) -> DHIS2Client:
        """A client with a session of its own; ConfigurationError when its secret is missing."""
        return connect(settings, instance, sleep=sleep)


class OpenLMISResource(dg.ConfigurableResource):
    """Where the stock of a pair is read from: its OpenLMIS server, or its reporting database."""

    def get_source(
        self, settings: Settings, pair: Pair, sleep: Callable[[float], None] = time.sleep
    ) -> StockReader:
        """A client with a session of its own; ConfigurationError when its secret is missing."""
        reporting = connect_reporting(settings, pair)
        return reporting or connect_openlmis(settings, pair.source, sleep=sleep)


class HomeResource(dg.ConfigurableResource):
    """Where staged data, ledger and quarantine lie (``D2_ASSETS_HOME``)."""

    folder: str

    def open(self) -> Home:
        return Home(Path(self.folder))
