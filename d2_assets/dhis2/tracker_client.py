"""What a client can ask of events and tracked entities: a part of ``DHIS2Client``."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from d2_assets.dhis2 import files, programs, tracker, tracker_import
from d2_assets.dhis2.dialects import Dialect
from d2_assets.dhis2.files import FileFacts
from d2_assets.dhis2.programs import (
    PROGRAM_PAGE_SIZE,
    Program,
    RelationshipType,
    TrackedEntityType,
    Typed,
)
from d2_assets.dhis2.tracker import EntityQuery, EntityStamp, EventQuery
from d2_assets.dhis2.tracker_import import Payload
from d2_assets.dhis2.tracker_names import TrackerNames
from d2_assets.dhis2.tracker_reports import TrackerReport
from d2_assets.http.session import HttpSession


class TrackerClient:
    """Reads go to the older endpoints where ``uses_old_tracker`` is set."""

    session: HttpSession
    uses_old_tracker: bool = False

    @property
    def dialect(self) -> Dialect:
        """What this server's version does."""
        raise NotImplementedError

    @property
    def _names(self) -> TrackerNames:
        return tracker.pick_names(self.dialect, self.uses_old_tracker)

    def iterate_events(
        self, query: EventQuery, page_size: int = 500
    ) -> Iterator[list[dict[str, Any]]]:
        """The events of a query, page by page, each once."""
        return tracker.iterate_events(self.session, self._names, query, page_size)

    def count_events(self, query: EventQuery) -> int:
        """How many events a query has."""
        return tracker.count_events(self.session, self._names, query)

    def list_events(self, program: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of the events that are there, deleted ones too."""
        return tracker.list_events(self.session, self._names, program, ids)

    def iterate_entity_stamps(
        self, query: EntityQuery, page_size: int = 500
    ) -> Iterator[list[EntityStamp]]:
        """When each tracked entity of a query was last changed, page by page."""
        return tracker.iterate_entity_stamps(self.session, self._names, query, page_size)

    def read_entities(
        self, type: str, ids: Sequence[str], programs: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Whole trees of those of the tracked entities that are there, deleted ones too."""
        return tracker.read_entities(self.session, self._names, type, ids, programs)

    def find_entities_by_value(self, type: str, attribute: str, value: str) -> list[str]:
        """UIDs of a few tracked entities that hold the value."""
        return tracker.find_entities_by_value(self.session, self._names, type, attribute, value)

    def post_tracker(
        self,
        payload: Payload,
        *,
        strategy: str = "CREATE_AND_UPDATE",
        skip_rule_engine: bool = True,
        skip_side_effects: bool = True,
        run_async: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> TrackerReport:
        """Send tracker objects in one request, as a job where ``run_async`` asks for it."""
        return tracker_import.post_tracker(
            self.session,
            payload,
            strategy=strategy,
            skip_rule_engine=skip_rule_engine,
            skip_side_effects=skip_side_effects,
            run_async=run_async,
            sleep=sleep,
            clock=clock,
        )

    def list_programs(self, page_size: int = PROGRAM_PAGE_SIZE) -> list[Program]:
        """Every program with its stages and org units, in small pages."""
        return programs.list_programs(self.session, page_size)

    def list_tracked_entity_types(self, page_size: int = 500) -> list[TrackedEntityType]:
        """Every tracked entity type."""
        return programs.list_tracked_entity_types(self.session, page_size)

    def list_typed(self, plural: str, page_size: int = 500) -> list[Typed]:
        """Every data element or tracked entity attribute with its value type."""
        return programs.list_typed(self.session, plural, page_size)

    def list_option_codes(self, page_size: int = 500) -> Mapping[str, frozenset[str]]:
        """The codes of each option set."""
        return programs.list_option_codes(self.session, page_size)

    def list_relationship_types(self, page_size: int = 500) -> list[RelationshipType]:
        """Every relationship type."""
        return programs.list_relationship_types(self.session, page_size)

    def get_file_facts(self, uid: str) -> FileFacts:
        """What a file resource is."""
        return files.get_file_facts(self.session, uid)

    def download_event_file(self, event: str, data_element: str, to: Path) -> None:
        """The content of an event's value into a file."""
        files.download_event_file(self.session, self._names, event, data_element, to)

    def download_attribute_file(
        self, entity: str, attribute: str, to: Path, program: str = ""
    ) -> None:
        """The content of an attribute's value into a file."""
        files.download_attribute_file(self.session, self._names, entity, attribute, to, program)

    def upload_file(self, path: Path, name: str, content_type: str) -> str:
        """Send a file's content; gives the UID of the new file resource."""
        return files.upload_file(self.session, path, name, content_type)
