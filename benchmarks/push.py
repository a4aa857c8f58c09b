"""How much of the destination's speed the push stage reaches.

The destination costs what a real server costs: a second a request, half a millisecond a row. The
same rows go to the same server process: by a bare loop that posts
ready-made chunks of 5,000 with 4 writers, by the product, and in chunks of 100 one after another.
"""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import local

import orjson
import requests

from benchmarks.content import MONTH, read_by_data_set, specify_content
from benchmarks.figures import Figure, measure_time, tell
from benchmarks.runs import ACCOUNT, run_month
from benchmarks.servers import REQUEST_SECONDS, ROW_SECONDS, Server, start_server
from d2_assets.data_values.choices import Choices
from d2_assets.sandbox import StoredValue
from d2_assets.sandbox.accounts import read_password

CHUNK = 5000
WRITERS = 4
SMALL_CHUNK = 100
#: As the product compresses.
_GZIP_LEVEL = 2

Rows = Mapping[str, Sequence[StoredValue]]


def measure_push(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """The push stage as a ratio to the bare loop and to small chunks; plan and reconcile beside it.

    Small chunks are a sample of 15, since all of them would take a quarter of an hour: one after
    another, rows per second do not depend on their number.
    """
    values, sample = (5_000, 3) if quick else (80_000, 15)
    cost = (0.05, 0.0) if quick else (REQUEST_SECONDS, ROW_SECONDS)
    spec = specify_content(values)
    with ExitStack() as stack:
        source, destination = (
            stack.enter_context(start_server(version, folder / f"{name}.db", spec, with_data=full))
            for name, version, full in (("national", "2.40", True), ("training", "2.43", False))
        )
        source.keep(MONTH, values)
        rows = read_by_data_set(source.store)
        tell("push: bare loop, at a destination that costs nothing")
        free = _post_chunks(destination, _cut(rows, CHUNK), WRITERS)
        destination.empty()
        destination.set_cost(*cost)
        tell("push: bare loop, at a destination that costs what a real one does")
        bare = _post_chunks(destination, _cut(rows, CHUNK), WRITERS)
        destination.empty()
        tell("push: product")
        choices = Choices(chunk_size=CHUNK, writers=WRITERS)
        times = run_month(folder / "home", source, destination, choices)
        destination.empty()
        tell(f"push: {sample} chunks of {SMALL_CHUNK}, one after another")
        small = _post_chunks(destination, _cut(rows, SMALL_CHUNK)[:sample], 1)
    rate = times.sent / times.pushing
    yield Figure("push.ratio_to_bare_loop", rate / bare, "ratio", ">= 0.9")
    yield Figure("push.ratio_to_small_chunks", rate / small, "ratio", ">= 8")
    yield Figure("push.rows_per_second", rate, "rows/s")
    yield Figure("push.bare_rows_per_second", bare, "rows/s")
    yield Figure("push.small_chunk_rows_per_second", small, "rows/s")
    yield Figure("push.bare_rows_per_second_without_cost", free, "rows/s")
    yield Figure("push.seconds_planning", times.planning, "s")
    yield Figure("push.seconds_pushing", times.pushing, "s")
    yield Figure("push.seconds_reconciling", times.reconciling, "s")


def _cut(rows: Rows, size: int) -> list[tuple[int, bytes]]:
    """Ready-made bodies and their rows, of one data set each as a 2.43 asks for."""
    return [
        (len(part), _make_body(data_set, part))
        for data_set, values in sorted(rows.items())
        for part in (values[start : start + size] for start in range(0, len(values), size))
    ]


def _make_body(data_set: str, rows: Sequence[StoredValue]) -> bytes:
    members = [
        {
            "dataElement": row.data_element,
            "period": row.period,
            "orgUnit": row.org_unit,
            "categoryOptionCombo": row.category_option_combo,
            "attributeOptionCombo": row.attribute_option_combo,
            "value": row.value,
            "followUp": row.followup,
        }
        | ({"comment": row.comment} if row.comment else {})
        for row in rows
    ]
    body = orjson.dumps({"dataSet": data_set, "dataValues": members})
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _post_chunks(server: Server, chunks: Sequence[tuple[int, bytes]], writers: int) -> float:
    """Rows per second of a loop that does nothing but post."""
    of_thread = local()

    def post(chunk: tuple[int, bytes]) -> int:
        rows, body = chunk
        if not hasattr(of_thread, "session"):
            of_thread.session = requests.Session()
            of_thread.session.auth = (ACCOUNT, read_password())
        answer = of_thread.session.post(
            f"{server.url}/api/dataValueSets",
            data=body,
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
            timeout=120,
        )
        count = answer.json()["response"]["importCount"]
        # A 2.43 counts new rows as updated.
        taken = count["imported"] + count["updated"]
        if taken != rows:
            raise RuntimeError(f"The destination took {taken} of {rows} rows: {answer.text}")
        return rows

    with ThreadPoolExecutor(writers) as pool, measure_time() as watch:
        sent = sum(pool.map(post, chunks))
    return sent / watch.seconds
