"""One DHIS2 server as callers see it: the endpoint families behind one name and one session.

The version is read once and decides the dialect for good: a server that is upgraded in the middle
of a run is met with its old dialect until the next one.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Self

from d2_assets.dhis2 import (
    completeness,
    data_values,
    metadata,
    metadata_objects,
    system,
    tracker,
)
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.dhis2.data_values import DataValueQuery
from d2_assets.dhis2.dialects import Dialect, find_dialect
from d2_assets.dhis2.metadata import PAGE_SIZE, CategoryCombo, DataSet, OrgUnit
from d2_assets.dhis2.metadata_objects import Identity, OptionCombo
from d2_assets.dhis2.metadata_reports import MetadataReport
from d2_assets.dhis2.once import AskedOnce
from d2_assets.dhis2.reports import ImportReport
from d2_assets.dhis2.schemas import Schemas, get_schemas
from d2_assets.dhis2.system import Account, SystemInfo
from d2_assets.dhis2.tracker_client import TrackerClient
from d2_assets.http.session import HttpSession


class DHIS2Client(TrackerClient):
    """A server by its name in the settings; every method asks it, and raises ``errors``."""

    def __init__(self, name: str, session: HttpSession, *, uses_old_tracker: bool = False) -> None:
        self.name = name
        self.session = session
        self.uses_old_tracker = uses_old_tracker
        self.lock = RLock()

    def reading_old_tracker(self) -> Self:
        """A client of the same server that reads events and tracked entities from the older
        endpoints; ConfigurationError where the server has them no more."""
        tracker.pick_names(self.dialect, use_old_tracker=True)
        return type(self)(self.name, self.session, uses_old_tracker=True)

    def close(self) -> None:
        """Close the connections to the server."""
        self.session.close()

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return self.session.base_url

    @property
    def bytes_moved(self) -> int:
        """Bytes of bodies over the line so far, both ways, as they went (compressed)."""
        return self.session.traffic.bytes_sent + self.session.traffic.bytes_received

    @property
    def dialect(self) -> Dialect:
        """What this server's version does; ConfigurationError for an unsupported one."""
        return self._dialect[0]

    @property
    def dialect_warning(self) -> str | None:
        """Why the dialect is only the nearest one, or None."""
        return self._dialect[1]

    @AskedOnce
    def _system_info(self) -> SystemInfo:
        return system.get_system_info(self.session)

    @AskedOnce
    def _account(self) -> Account:
        return system.get_account(self.session)

    @AskedOnce
    def _dialect(self) -> tuple[Dialect, str | None]:
        return find_dialect(self._system_info.version)

    @AskedOnce
    def schemas(self) -> Schemas:
        """The classes that the server knows, as first read."""
        return get_schemas(self.session)

    def get_system_info(self) -> SystemInfo:
        """Version, clock and calendar, as first read."""
        return self._system_info

    def get_me(self) -> Account:
        """The account with its rights, as first read: a server, too, keeps to what an account was
        when its session began."""
        return self._account

    def list_data_sets(self, page_size: int = PAGE_SIZE) -> list[DataSet]:
        """Every data set that the account may read, without its org units."""
        return metadata.list_data_sets(self.session, page_size)

    def list_assigned_data_sets(self, ids: Sequence[str]) -> list[DataSet]:
        """Those of the data sets that the server has, with their org units."""
        return metadata.list_assigned_data_sets(self.session, ids)

    def list_org_units(self, page_size: int = PAGE_SIZE) -> list[OrgUnit]:
        """Every org unit."""
        return metadata.list_org_units(self.session, page_size)

    def list_category_combos(self, page_size: int = PAGE_SIZE) -> list[CategoryCombo]:
        """Every category combo with its option combos."""
        return metadata.list_category_combos(self.session, page_size)

    def list_elements_without_zeros(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of the data elements for which the server does not store a 0."""
        return metadata.list_elements_without_zeros(self.session, ids)

    def find_default_option_combo(self) -> str | None:
        """The option combo of data that are not broken down."""
        return metadata.find_default_option_combo(self.session)

    def iterate_owned(
        self, plural: str, page_size: int = PAGE_SIZE, ids: Sequence[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """Every object of a class that ``schemas`` lists with an endpoint, with all that it owns;
        or those of the ids."""
        return metadata_objects.iterate_owned(self.session, plural, page_size, ids)

    def list_identities(
        self, plural: str, page_size: int = PAGE_SIZE, ids: Sequence[str] = ()
    ) -> list[Identity]:
        """What every object of a class, or each of the ids, is known by."""
        return metadata_objects.list_identities(self.session, plural, page_size, ids)

    def list_option_combos(self, page_size: int = PAGE_SIZE) -> list[OptionCombo]:
        """Every category option combo with its combo and its options."""
        return metadata_objects.list_option_combos(self.session, page_size)

    def count_objects(self, plural: str) -> int:
        """How many objects of a class the account may see."""
        return metadata_objects.count_objects(self.session, plural)

    def post_metadata(
        self,
        classes: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        strategy: str = "CREATE_AND_UPDATE",
        atomic_mode: str = "ALL",
        validate_only: bool = False,
    ) -> MetadataReport:
        """Send objects by class in one request."""
        return metadata_objects.post_metadata(
            self.session,
            classes,
            strategy=strategy,
            atomic_mode=atomic_mode,
            validate_only=validate_only,
        )

    def update_option_combos(self) -> None:
        """Let the server make the option combos that its category combos lack."""
        metadata_objects.update_option_combos(self.session)

    def clear_caches(self) -> None:
        """Let the server forget what it keeps in memory."""
        metadata_objects.clear_caches(self.session)

    def get_system_settings(self) -> dict[str, Any]:
        """All system settings by their keys."""
        return metadata_objects.get_system_settings(self.session)

    def post_system_settings(self, values: Mapping[str, Any]) -> None:
        """Store system settings by their keys."""
        metadata_objects.post_system_settings(self.session, values)

    def download_data_values(self, query: DataValueQuery, to: Path) -> int:
        """Stream data values as JSON into a file, whole or not at all; gives its bytes."""
        return data_values.download_data_values(self.session, query, to)

    def post_data_values(
        self,
        *,
        data_set: str,
        rows: Sequence[Mapping[str, Any]],
        strategy: str = "CREATE_AND_UPDATE",
        dry_run: bool = False,
    ) -> ImportReport:
        """Send rows of one data set in one request."""
        return data_values.post_data_values(
            self.session, data_set=data_set, rows=rows, strategy=strategy, dry_run=dry_run
        )

    def list_registrations(
        self,
        data_sets: Sequence[str],
        periods: Sequence[str],
        org_units: Sequence[str],
        children: bool = True,
    ) -> list[CompletenessRegistration]:
        """The completeness registrations of these data sets, periods and org units."""
        return completeness.list_registrations(
            self.session, data_sets, periods, org_units, children
        )

    def post_registrations(self, registrations: Sequence[CompletenessRegistration]) -> ImportReport:
        """Send completeness registrations in one request."""
        return completeness.post_registrations(self.session, registrations)
