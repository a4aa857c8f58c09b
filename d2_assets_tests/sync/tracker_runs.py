"""Runs of events and tracker between two servers in memory, below Dagster."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, cast

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import SystemInfo
from d2_assets.dhis2.tracker_reports import TrackerError, TrackerReport
from d2_assets.errors import TransientError
from d2_assets.staging.layout import Home
from d2_assets.sync.progress import INTERVAL, Meter
from d2_assets.sync.tracker import plan_tracker
from d2_assets.sync.tracker_months import move_tracker
from d2_assets.sync.tracker_work import TrackerAsset, TrackerResult, TrackerWork
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import Kind
from d2_assets_tests.tracker.fake_client import FakeClient, Key
from d2_assets_tests.tracker.fake_importer import flatten_payload

PAIR = "national--training"
MONTHS = ("202510", "202511")
#: What an import stamps: the destination's own time.
_NOW = "2025-11-20T10:00:00.000"
_VALUES = {"attributes": "attribute", "dataValues": "dataElement"}


@dataclass
class Server(FakeClient):
    """A server that is read and written. ``refused``: code and words of the refusal of an object;
    ``posts``: strategy and objects of each request; ``is_away``: reads of a month fail from the
    first import on."""

    refused: dict[Key, tuple[str, str]] = field(default_factory=dict)
    posts: list[tuple[str, list[Key]]] = field(default_factory=list)
    is_away: bool = False
    dialect_warning: str = ""
    bytes_moved: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get_system_info(self) -> SystemInfo:
        return SystemInfo(
            version=self.version,
            revision="",
            server_date="2025-11-20T10:00:00.000",
            time_zone="Etc/UTC",
            calendar="iso8601",
            date_format="yyyy-MM-dd",
            system_name=self.name,
            system_id=self.name,
        )

    def post_tracker(
        self, payload: Mapping[str, Sequence[dict[str, Any]]], *, strategy: str, **rest: Any
    ) -> TrackerReport:
        sent = list(flatten_payload(payload))
        with self._lock:
            self.posts.append((strategy, [(kind, body[kind]) for kind, body, _ in sent]))
            errors = [
                TrackerError(*self.refused[kind, body[kind]], kind.tracker_type, body[kind])
                for kind, body, _ in sent
                if (kind, body[kind]) in self.refused
            ]
            for kind, body, parent in sent:
                if (kind, body[kind]) not in self.refused:
                    self._take(kind, body, parent, strategy)
        return TrackerReport(
            200,
            "OK",
            created=len(sent) - len(errors),
            ignored=len(errors),
            total=len(sent),
            errors=tuple(errors),
        )

    def read_entities(
        self, type: str, ids: Sequence[str], programs: Sequence[str]
    ) -> list[dict[str, Any]]:
        if self.is_away and self.posts:
            raise TransientError("The server is away.", remedy="Run again.")
        return super().read_entities(type, ids, programs)

    def find_entities_by_value(self, type: str, attribute: str, value: str) -> list[str]:
        wanted = {"attribute": attribute, "value": value}
        return [
            uid
            for (kind, uid), body in self.stored.items()
            if kind is Kind.TRACKED_ENTITY and wanted in body.get("attributes", ())
        ]

    def _take(self, kind: Kind, body: Mapping[str, Any], parent: Key | None, strategy: str) -> None:
        """What a body leaves out stays; a value of null goes."""
        uid = body[kind]
        if strategy == "DELETE":
            self.put(kind, uid, deleted=True)
            return
        old, new = self.stored.get((kind, uid), {}), dict(body)
        for name, key in _VALUES.items():
            parts = {one[key]: one for one in (*old.get(name, ()), *body.get(name, ()))}
            new[name] = [one for one in parts.values() if one["value"] is not None]
        if parent is not None:
            new[str(parent[0])] = parent[1]
        self.put(kind, uid, **new, updatedAt=_NOW)


def make_work(
    home: Path,
    asset: TrackerAsset = "tracker",
    months: Sequence[str] = MONTHS,
    *,
    told: list[Any] | None = None,
    is_preview: bool = False,
    **choices: Any,
) -> TrackerWork:
    """Work of the pair under ``home``; what goes to the log goes to ``told``."""
    said: list[Any] = [] if told is None else told
    return TrackerWork(
        asset=asset,
        pair=PAIR,
        months=tuple(months),
        choices=TrackerChoices(**{"chunk_size": 4, "writers": 2, **choices}),
        first_month="202510",
        today=date(2025, 11, 20),
        run="run-1",
        home=Home(home),
        meter=Meter(count(0.0, INTERVAL).__next__, said.append),
        clock=lambda: 0.0,
        is_preview=is_preview,
        log=said.append,
        warn=said.append,
    )


def move(work: TrackerWork, source: Server, destination: Server) -> list[TrackerResult]:
    """Plan and push all months of the work; a month with an error is the last one."""
    ends = cast(DHIS2Client, source), cast(DHIS2Client, destination)
    with plan_tracker(work, *ends) as planned:
        return list(move_tracker(planned))
