"""What a month costs in which nothing changed: no writes, and little more than reading.

Reading is the bare minimum: the answers of both servers to the requests that the product makes
for data values, downloaded to files and not looked at; one server after the other, or both at
the same time, as the product asks them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from threading import Event

from benchmarks.content import MONTH, TODAY, specify_content
from benchmarks.figures import Figure, measure_time, tell
from benchmarks.runs import open_client, run_month
from benchmarks.servers import REQUEST_SECONDS, ROW_SECONDS, Server, start_server
from d2_assets.both_sides import ask_both
from d2_assets.data_values.choices import Choices
from d2_assets.data_values.extract import Window, open_window, plan_reads, stage_values
from d2_assets.data_values.scope import read_scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.data_values import DataValueQuery

Read = Callable[[DHIS2Client, Sequence[DataValueQuery], Window, Path], None]


def measure_unchanged(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Later runs of a month of 30,000 values: the writes of all, and time as a ratio to reading.

    Judged with servers that cost what real ones do; the seconds without any cost (median of
    three) are beside it, and show the product's own work.
    """
    values = 2_000 if quick else 30_000
    cost = (0.05, 0.0) if quick else (REQUEST_SECONDS, ROW_SECONDS)
    spec = specify_content(values)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(start_server(version, folder / f"{name}.db", spec, with_data=full))
            for name, version, full in (("national", "2.40", True), ("training", "2.43", False))
        ]
        source, destination = servers
        source.keep(MONTH, values)
        home = folder / "home"
        tell("unchanged: the first load")
        run_month(home, source, destination, Choices())
        for server in servers:
            server.count_writes()
        tell("unchanged: without cost, three times")
        free = [_compare(home, folder, source, destination) for _ in range(3)]
        for server in servers:
            server.set_cost(*cost)
        tell("unchanged: with the cost of real servers")
        run = run_month(home, source, destination, Choices())
        bare = _read(folder, source, destination, _download)
        at_once = _read(folder, source, destination, _download, at_once=True)
        registrations = _read(folder, source, destination, _list_registrations)
        writes = sum(server.count_writes().requests for server in servers)
    yield Figure("unchanged.writes", writes, "requests", "== 0")
    yield Figure("unchanged.ratio_to_reading", run.whole / bare, "ratio", "<= 1.5")
    yield Figure("unchanged.ratio_to_reading_at_once", run.whole / at_once, "ratio")
    with_registrations = run.whole / (bare + registrations)
    yield Figure("unchanged.ratio_to_reading_with_registrations", with_registrations, "ratio")
    yield Figure("unchanged.seconds", run.whole, "s")
    yield Figure("unchanged.seconds_of_reading", bare, "s")
    yield Figure("unchanged.seconds_of_reading_at_once", at_once, "s")
    yield Figure("unchanged.seconds_of_reading_registrations", registrations, "s")
    runs, reads, stagings = zip(*free, strict=True)
    yield Figure("unchanged.seconds_without_cost", median(runs), "s")
    yield Figure("unchanged.seconds_of_reading_without_cost", median(reads), "s")
    yield Figure("unchanged.seconds_of_reading_and_staging_without_cost", median(stagings), "s")


def _compare(
    home: Path, folder: Path, source: Server, destination: Server
) -> tuple[float, float, float]:
    """Seconds of a run, of downloading both sides, and of downloading and staging both."""
    return (
        run_month(home, source, destination, Choices()).whole,
        _read(folder, source, destination, _download),
        _read(folder, source, destination, _stage),
    )


def _read(
    folder: Path, source: Server, destination: Server, read: Read, *, at_once: bool = False
) -> float:
    """Seconds of reading the values of both sides; what to ask for is found out before."""
    clients = open_client(source, "national"), open_client(destination, "training")
    scope = read_scope(*clients, Choices())
    types = {item.period_type for item in scope.data_sets.values()}
    window = open_window([MONTH], TODAY, types)
    reads = (
        plan_reads(scope.data_sets, scope.source_cuts, window),
        plan_reads(scope.shared_data_sets, scope.destination_cuts, window),
    )

    def read_side(side: int) -> None:
        own = folder / f"side-{side}"
        own.mkdir(exist_ok=True)
        read(clients[side], reads[side], window, own)

    with measure_time() as watch:
        if at_once:
            ask_both(lambda: read_side(0), lambda: read_side(1), Event())
        else:
            read_side(0)
            read_side(1)
    for client in clients:
        client.close()
    return watch.seconds


def _download(
    client: DHIS2Client, queries: Sequence[DataValueQuery], _: Window, folder: Path
) -> None:
    for query in queries:
        client.download_data_values(query, folder / "answer.json")


def _list_registrations(
    client: DHIS2Client, queries: Sequence[DataValueQuery], _: Window, folder: Path
) -> None:
    for query in queries:
        client.list_registrations(
            [query.data_set], query.periods, query.org_units, children=query.children
        )


def _stage(
    client: DHIS2Client, queries: Sequence[DataValueQuery], window: Window, folder: Path
) -> None:
    stage_values(client, queries, window, folder / "staged.parquet")
