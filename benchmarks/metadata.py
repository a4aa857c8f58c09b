"""A full clone of a country's metadata onto an empty server, against a bare loop that posts it.

The bare loop posts the very requests that the product sent, ready-made, to another empty server:
what the product adds is planning, the order, reading reports, and looking after option combos.
"""

import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.figures import Figure, measure_time, tell
from benchmarks.partitions import clone_through_dagster, write_settings
from benchmarks.runs import ACCOUNT, make_session, show_progress
from benchmarks.servers import REQUEST_SECONDS, ROW_SECONDS, Server, start_server
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata_objects import encode_objects
from d2_assets.dhis2.metadata_reports import MetadataReport
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.families import FAMILIES
from d2_assets.sandbox import EMPTY, ContentSpec
from d2_assets.sandbox.accounts import read_password
from d2_assets.staging.layout import Home
from d2_assets.sync.metadata import FamilyResult, MetadataWork, move_family, plan_family
from d2_assets.sync.progress import Meter

_MONTH = "202412"
_VERSIONS = ("2.40", "2.43")
#: As the product compresses.
_GZIP_LEVEL = 2
_SENT = ("created", "updated", "deleted")


@dataclass(slots=True)
class Clone:
    """What a run of all families came to, with the requests that it sent."""

    results: list[FamilyResult] = field(default_factory=list)
    requests: list[tuple[Mapping[str, Any], bytes]] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return sum(
            rows
            for result in self.results
            for outcome, rows in result.tally.outcomes.items()
            if outcome in _SENT
        )

    def seconds(self, stage: str) -> float:
        return sum(getattr(result, f"seconds_{stage}") for result in self.results)


class _Recorder(DHIS2Client):
    """A client that keeps what it posts."""

    def __init__(self, name: str, server: Server, clone: Clone) -> None:
        super().__init__(name, make_session(server, name))
        self._clone = clone

    def post_metadata(
        self,
        classes: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        strategy: str = "CREATE_AND_UPDATE",
        atomic_mode: str = "ALL",
        validate_only: bool = False,
    ) -> MetadataReport:
        params = {"importStrategy": strategy, "atomicMode": atomic_mode}
        body = gzip.compress(encode_objects(classes), _GZIP_LEVEL, mtime=0)
        self._clone.requests.append((params, body))
        return super().post_metadata(
            classes, strategy=strategy, atomic_mode=atomic_mode, validate_only=validate_only
        )


def measure_metadata(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """5,000 org units and 3,000 data elements with everything around them: a clone, a second run
    in which nothing changed, and the same clone through Dagster in a fresh process."""
    units, elements = (200, 100) if quick else (5_000, 3_000)
    spec = ContentSpec(values=1_000, org_units=units, data_elements=elements)
    with ExitStack() as stack:

        def serve(name: str, version: str, content: Any) -> Server:
            store = folder / f"{name}.db"
            return stack.enter_context(start_server(version, store, content, with_data=False))

        source = serve("national", _VERSIONS[0], spec)
        names = ("training", "bare", "slow", "bare_slow", "fresh")
        empty = {name: serve(name, _VERSIONS[1], EMPTY) for name in names}
        tell("metadata: product, at a destination that costs nothing")
        first = _clone(folder / "home", source, empty["training"])
        empty["training"].count_writes()
        tell("metadata: the same again")
        again = _clone(folder / "home", source, empty["training"])
        writes = empty["training"].count_writes()
        tell("metadata: bare loop")
        bare = _post(empty["bare"], first)
        cost = (0.05, 0.0) if quick else (REQUEST_SECONDS, ROW_SECONDS)
        for name in ("slow", "bare_slow"):
            empty[name].set_cost(*cost)
        tell("metadata: both, at a destination that costs what a real one does")
        slow = _clone(folder / "slow", source, empty["slow"])
        bare_slow = _post(empty["bare_slow"], slow)
        tell("metadata: through Dagster")
        settings = write_settings(folder / "fresh", source, empty["fresh"], sync_type="metadata")
        peak = clone_through_dagster(settings, _MONTH)
    rate, slow_rate = (one.sent / one.seconds("pushing") for one in (first, slow))
    yield Figure("metadata.ratio_to_bare_loop", slow_rate / bare_slow, "ratio", ">= 0.7")
    yield Figure("metadata.ratio_to_bare_loop_without_cost", rate / bare, "ratio")
    yield Figure("metadata.unchanged_writes", writes.requests, "requests", "== 0")
    yield Figure("metadata.peak", peak, "MB", "< 500")
    yield Figure("metadata.objects", first.sent, "objects")
    yield Figure("metadata.requests", len(first.requests), "requests")
    yield Figure("metadata.objects_per_second", slow_rate, "objects/s")
    yield Figure("metadata.bare_objects_per_second", bare_slow, "objects/s")
    yield Figure("metadata.bare_objects_per_second_without_cost", bare, "objects/s")
    for stage in ("reading", "pushing", "verifying"):
        yield Figure(f"metadata.seconds_{stage}", first.seconds(stage), "s")
    yield Figure("metadata.unchanged_seconds", again.seconds("reading"), "s")


def _clone(home: Path, source: Server, destination: Server) -> Clone:
    """All families in their order; a run that fails or refuses objects measures nothing."""
    clone = Clone()
    clients = (
        DHIS2Client("national", make_session(source, "national")),
        _Recorder("training", destination, clone),
    )
    for family in FAMILIES:
        work = MetadataWork(
            pair="national--training",
            family=family,
            months=(_MONTH,),
            choices=MetadataChoices(),
            run="benchmark",
            home=Home(home),
            meter=Meter(time.monotonic, show_progress),
            clock=time.time,
            sleep=time.sleep,
        )
        with plan_family(work, *clients) as planned:
            result = move_family(planned)
        if result.error is not None:
            raise result.error
        if result.unaccounted or result.broken:
            raise RuntimeError(f"{family} lost objects: this is no clean run to measure.")
        clone.results.append(result)
    for client in clients:
        client.close()
    return clone


def _post(server: Server, clone: Clone) -> float:
    """Objects per second of a loop that does nothing but post what the product had sent."""
    with requests.Session() as session, measure_time() as watch:
        session.auth = (ACCOUNT, read_password())
        for params, body in clone.requests:
            session.post(
                f"{server.url}/api/metadata",
                params=params,
                data=body,
                headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
                timeout=600,
            )
    return clone.sent / watch.seconds
