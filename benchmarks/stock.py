"""A month of stock from OpenLMIS: requests made, rows a second, and memory.

The server and the reading each have a process of their own. Of 100 cards 20 move in the month, as
of the demo data of OpenLMIS itself.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

from benchmarks.figures import Figure, measure_time, tell
from benchmarks.partitions import read_peak
from d2_assets.http.session import HttpSession
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import OpenLMISSession, Password
from d2_assets.sandbox.openlmis import StockSpec, generate_state, start_openlmis
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets.stock.card_months import find_month
from d2_assets.stock.reasons import ReasonRules
from d2_assets.stock.stage import list_places, stage_month

#: The last of the two months that there are; the first holds what was there before.
_MONTH = date(2025, 11, 1)
_MOVING = 20
_PATIENCE = 30
_TOLD_EVERY = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """What a month came to, and the most resident memory of its process in megabytes."""

    places: int
    products: int
    cards: int
    movements: int
    findings: int
    seconds: float
    idle: float
    peak: float


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests of a reading: for summaries and lists of cards, cards by themselves, and
    reference data; ``cards_moved`` is how many cards moved in the month."""

    of_places: int
    of_cards: int
    of_reference_data: int
    sign_ins: int
    cards_moved: int


def measure_stock(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """1,000 facilities with 150 products, one month: read, derived, compared with the server's own
    summaries, and staged."""
    facilities, products = (20, 20) if quick else (1_000, 150)
    tell(f"stock: generating {facilities:,} facilities with {products} products")
    with _serve_apart(facilities, products) as line:
        url = line.recv()
        tell("stock: reading a month")
        reading = _read_apart(url, folder)
        line.send("count")
        asked: Asked = line.recv()
    if reading.findings:
        raise RuntimeError(f"{reading.findings} cards do not add up: nothing to measure.")
    yield Figure("stock.requests_per_place", asked.of_places / reading.places, "requests", "<= 3")
    spare = asked.of_cards - asked.cards_moved
    yield Figure("stock.requests_for_cards_that_did_not_move", spare, "requests", "== 0")
    yield Figure("stock.peak", reading.peak, "MB", "< 300")
    yield Figure("stock.idle", reading.idle, "MB")
    yield Figure("stock.rows_per_second", reading.products / reading.seconds, "rows/s")
    yield Figure("stock.seconds", reading.seconds, "s")
    yield Figure("stock.rows", reading.products, "rows")
    yield Figure("stock.cards", reading.cards, "cards")
    yield Figure("stock.cards_moved", asked.cards_moved, "cards")
    yield Figure("stock.requests_for_reference_data", asked.of_reference_data, "requests")
    yield Figure("stock.sign_ins", asked.sign_ins, "requests")
    yield Figure("stock.requests", _add_up(asked), "requests")
    yield Figure("stock.requests_per_second", _add_up(asked) / reading.seconds, "requests/s")


def _add_up(asked: Asked) -> int:
    return asked.of_places + asked.of_cards + asked.of_reference_data + asked.sign_ins


@contextmanager
def _serve_apart(facilities: int, products: int) -> Iterator[Connection]:
    """A server in another process, which tells its URL first."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, facilities, products))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(_PATIENCE)
        if process.is_alive():
            process.kill()


def _serve(line: Connection, facilities: int, products: int) -> None:
    spec = StockSpec(
        facilities=facilities, products=products, months=2, last_month=_MONTH,
        moving_percent=_MOVING,
    )  # fmt: skip
    state = generate_state(spec)
    moved = sum(
        any(one.occurred_date >= _MONTH for one in card.lines) for card in state.cards.values()
    )
    with start_openlmis(state) as server:
        line.send(server.url)
        while True:
            try:
                line.recv()
            except EOFError:
                return
            line.send(_sort([record.path for record in server.requests()], moved))


def _sort(paths: list[str], moved: int) -> Asked:
    kinds = Counter(_name(path) for path in paths)
    return Asked(kinds["places"], kinds["cards"], kinds["reference data"], kinds["sign in"], moved)


def _name(path: str) -> str:
    if path.endswith("/stockCardSummaries"):
        return "places"
    if path.startswith("/api/stockCards/"):
        return "cards"
    return "sign in" if path == "/api/oauth/token" else "reference data"


def _read_apart(url: str, folder: Path) -> Reading:
    """Read and stage the month in a process whose memory is nothing else's."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_read, args=(theirs, url, folder))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join()


def _read(line: Connection, url: str, folder: Path) -> None:
    idle = read_peak()
    session = OpenLMISSession(
        Password(USERNAME, PASSWORD),
        lambda auth, secrets: HttpSession(url, auth, name="stock", secrets=secrets),
    )
    client = OpenLMISClient("stock", url, session)
    today = (_MONTH + timedelta(days=31)).replace(day=1)
    with measure_time() as watch:
        places = list_places(client.list_facilities())
        client.list_programs()
        client.list_orderables()
        staged = stage_month(
            client, places, find_month(f"{_MONTH:%Y%m}"), ReasonRules(), today, folder, Event(),
            _make_report(len(places)),
        )  # fmt: skip
    client.close()
    line.send(
        Reading(
            places=len(places),
            products=staged.products,
            cards=staged.cards,
            movements=staged.movements,
            findings=len(staged.findings),
            seconds=watch.seconds,
            idle=idle,
            peak=read_peak(),
        )
    )


def _make_report(places: int) -> Callable[[int, int], None]:
    started = time.monotonic()

    def report(done: int, products: int) -> None:
        if done % _TOLD_EVERY == 0:
            seconds = time.monotonic() - started
            tell(f"  {done:,} of {places:,} places, {products:,} products, {seconds:.0f} s")

    return report
