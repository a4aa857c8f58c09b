"""Events and tracked entities onto a server that has none, against a bare loop that posts them.

The bare loop posts the very requests that the product sent, ready-made, to another empty server,
with as many writers: the uploads of files, then the bundles. The destinations cost what a real
server costs while they are written to; reading them is free, so that what is measured beside the
push is the product's own work.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import local
from typing import Any

import requests

from benchmarks.content import MONTH, TODAY, specify_tracked
from benchmarks.figures import Figure, measure_time, tell
from benchmarks.runs import ACCOUNT, show_progress
from benchmarks.servers import REQUEST_SECONDS, ROW_SECONDS, Server, start_server
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.answers import Answer
from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets.sandbox.accounts import read_password
from d2_assets.staging.layout import Home
from d2_assets.sync.progress import Meter
from d2_assets.sync.tracker import plan_tracker
from d2_assets.sync.tracker_months import move_tracker
from d2_assets.sync.tracker_work import TrackerAsset, TrackerResult, TrackerWork
from d2_assets.tracker.choices import TrackerChoices

EVENTS = 50_000
ENTITIES = 10_000
QUICK_SHARE = 50
_CHOICES = TrackerChoices()
_IMPORT = "api/tracker"
#: How the request begins that waits until all trees have landed.
_RELATIONSHIPS = b'{"relationships":'
#: What a request sends: parameters, body, headers.
Post = tuple[str, Mapping[str, Any], bytes, Mapping[str, str]]
Read = tuple[str, Mapping[str, Any]]


class _Recorder(HttpSession):
    """A session that keeps what it was asked for."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server.url, BasicAuth(ACCOUNT, read_password()), name=name)
        self.posts: list[Post] = []
        self.reads: list[Read] = []

    def get_json(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        if path.startswith(f"{_IMPORT}/"):
            self.reads.append((path, params or {}))
        return super().get_json(path, params)

    def _post(
        self,
        path: str,
        params: Mapping[str, Any] | None,
        payload: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        self.posts.append((path, params or {}, payload, headers))
        return super()._post(path, params, payload, headers)


class _Meter(Meter):
    """Lets the destination cost what a real one does while it is sent to, and only then."""

    def __init__(self, destination: Server, cost: tuple[float, float]) -> None:
        super().__init__(time.monotonic, show_progress)
        self._destination = destination
        self._cost = cost

    def begin(self, stage: str, total: int) -> None:
        self._destination.set_cost(*(self._cost if stage.startswith("sending") else (0.0, 0.0)))
        super().begin(stage, total)


@dataclass(slots=True)
class _Run:
    """What a run came to, with all that it asked of both servers."""

    seconds: float
    planning: float
    result: TrackerResult
    posts: Sequence[Post]
    reads: Sequence[Sequence[Read]] = field(default_factory=list)


def measure_events(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """A month of 50,000 events of a program without registration."""
    return _measure(folder, "events", EVENTS, 0.9, quick=quick)


def measure_tracker(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """10,000 tracked entities last changed in one month, with all that hangs on them."""
    return _measure(folder, "tracker", ENTITIES, 0.85, quick=quick)


def _measure(
    folder: Path, asset: TrackerAsset, objects: int, goal: float, *, quick: bool
) -> Iterator[Figure]:
    cost = (0.05, 0.0) if quick else (REQUEST_SECONDS, ROW_SECONDS)
    objects //= QUICK_SHARE if quick else 1
    is_events = asset == "events"
    spec = specify_tracked(objects if is_events else 0, 0 if is_events else objects)
    with ExitStack() as stack:

        def serve(name: str, version: str, *, full: bool = False) -> Server:
            store = folder / f"{name}.db"
            return stack.enter_context(start_server(version, store, spec, with_data=full))

        source = serve("national", "2.40", full=True)
        source.gather(MONTH)
        destination, bare = serve("training", "2.43"), serve("bare", "2.43")
        tell(f"{asset}: product, at a destination that costs what a real one does")
        first = _run(folder / "home", asset, source, destination, cost)
        bare.take_files(destination.store)
        tell(f"{asset}: bare loop")
        bare.set_cost(*cost)
        uploading, posting = _post_all(bare, first)
        destination.count_writes()
        tell(f"{asset}: the same again")
        again = _run(folder / "home", asset, source, destination, (0.0, 0.0))
        writes = destination.count_writes().requests
        one_by_one, at_once = (
            _read_all((source, destination), again, at_once=at_once) for at_once in (False, True)
        )
    sent, bare_seconds = first.result.push.sent, uploading + posting
    ratio = bare_seconds / first.result.seconds_pushing
    yield Figure(f"{asset}.ratio_to_bare_loop", ratio, "ratio", f">= {goal}")
    yield Figure(f"{asset}.unchanged_writes", writes, "requests", "== 0")
    yield Figure(f"{asset}.objects", sent, "objects")
    yield Figure(f"{asset}.requests", len(first.posts), "requests")
    yield Figure(f"{asset}.objects_per_second", sent / first.result.seconds_pushing, "objects/s")
    yield Figure(f"{asset}.bare_objects_per_second", sent / bare_seconds, "objects/s")
    yield Figure(f"{asset}.bare_seconds_of_uploads", uploading, "s")
    yield Figure(f"{asset}.bare_seconds_of_bundles", posting, "s")
    yield Figure(f"{asset}.seconds_planning", first.planning, "s")
    yield Figure(f"{asset}.seconds_pushing", first.result.seconds_pushing, "s")
    yield Figure(f"{asset}.seconds_reconciling", first.result.seconds_reconciling, "s")
    yield Figure(f"{asset}.unchanged_seconds", again.seconds, "s")
    yield Figure(f"{asset}.unchanged_seconds_of_reading", one_by_one, "s")
    yield Figure(f"{asset}.unchanged_seconds_of_reading_at_once", at_once, "s")
    yield Figure(f"{asset}.unchanged_ratio_to_reading", again.seconds / one_by_one, "ratio")


def _run(
    home: Path, asset: TrackerAsset, source: Server, destination: Server, cost: tuple[float, float]
) -> _Run:
    """Move the month; a run that fails, loses or refuses objects measures nothing."""
    sessions = _Recorder(source, "national"), _Recorder(destination, "training")
    clients = tuple(DHIS2Client(f"{number}", session) for number, session in enumerate(sessions))
    work = TrackerWork(
        asset=asset,
        pair="national--training",
        months=(MONTH,),
        choices=_CHOICES,
        first_month=MONTH,
        today=TODAY,
        run="benchmark",
        home=Home(home),
        meter=_Meter(destination, cost),
        clock=time.time,
        sleep=time.sleep,
        log=tell,
        warn=tell,
    )
    with measure_time() as watch, plan_tracker(work, *clients) as planned:
        reads = [list(session.reads) for session in sessions]
        (result,) = move_tracker(planned)
    for client in clients:
        client.close()
    _check(result)
    return _Run(watch.seconds, planned.seconds_reading, result, sessions[1].posts, reads)


def _check(result: TrackerResult) -> None:
    if result.error is not None:
        raise result.error
    objects = result.objects
    if objects.lost or objects.broken or result.quarantined:
        raise RuntimeError(
            f"{objects.lost} objects lost, {objects.broken} broken and {result.quarantined} in "
            f"quarantine: this is no clean run to measure. {objects.differences[:3]} "
            f"{result.quarantined_rows[:3]}"
        )


def _post_all(server: Server, run: _Run) -> tuple[float, float]:
    """Seconds of a loop that does nothing but post what the product had sent: of the uploads of
    files, and of the bundles."""
    of_thread = local()

    def post(request: Post) -> int:
        path, params, body, headers = request
        if not hasattr(of_thread, "session"):
            of_thread.session = requests.Session()
            of_thread.session.auth = (ACCOUNT, read_password())
        answer = of_thread.session.post(
            f"{server.url}/{path}", params=params, data=body, headers=headers, timeout=600
        ).json()
        return answer["stats"]["created"] if path == _IMPORT else 0

    bundles = [request for request in run.posts if request[0] == _IMPORT]
    later = [request for request in bundles if request[2].startswith(_RELATIONSHIPS)]
    first = [request for request in bundles if not request[2].startswith(_RELATIONSHIPS)]
    with ThreadPoolExecutor(_CHOICES.writers) as pool:
        with measure_time() as uploading:
            sum(pool.map(post, [request for request in run.posts if request[0] != _IMPORT]))
        with measure_time() as posting:
            created = sum(pool.map(post, first)) + sum(pool.map(post, later))
    if created != run.result.push.sent:
        raise RuntimeError(f"The destination took {created} of {run.result.push.sent} objects.")
    return uploading.seconds, posting.seconds


def _read_all(servers: Sequence[Server], run: _Run, *, at_once: bool) -> float:
    """Seconds of downloading what the run asked of both sides, without a look at it."""

    def read(side: int) -> None:
        with requests.Session() as session:
            session.auth = (ACCOUNT, read_password())
            for path, params in run.reads[side]:
                url = f"{servers[side].url}/{path}"
                with session.get(url, params=params, timeout=600, stream=True) as answer:
                    deque(answer.iter_content(1 << 16), maxlen=0)

    sides: list[Callable[[], None]] = [lambda: read(0), lambda: read(1)]
    with measure_time() as watch:
        if at_once:
            with ThreadPoolExecutor(2) as pool:
                deque(pool.map(lambda side: side(), sides), maxlen=0)
        else:
            for side in sides:
                side()
    return watch.seconds
