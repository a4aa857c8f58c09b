"""A journey: two servers, a settings file, and the real asset in a Dagster of its own."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs.assets import data_values as asset_module
from d2_assets.sandbox import (
    Registration,
    RequestRecord,
    Sandbox,
    StoredValue,
    start_sandbox,
)
from d2_assets.sandbox.accounts import read_password
from d2_assets.settings import load_settings
from d2_assets.sync.months import MonthResult
from d2_assets.sync.work import PlannedWork
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    Content,
    Key,
    content_of,
    list_registrations,
    list_values,
    read_clock,
    read_live,
)

PAIR = "national--training"
REGISTRATION = ("data_set", "period", "org_unit", "attribute_option_combo")
_KEY = ("period", "org_unit", "data_element", "category_option_combo", "attribute_option_combo")
#: Outcomes of rows that are right at the destination.
LANDED = frozenset({"created", "updated", "unchanged", "deleted"})


@dataclass(slots=True)
class Journey:
    """``national`` is the source, ``training`` the destination.

    ``pairs``, ``instances`` and ``settings`` are what the settings file says; change them before
    a run. ``sources`` and ``destinations`` of further pairs may be any of the two.
    """

    folder: Path
    source: Sandbox
    destination: Sandbox
    instance: dg.DagsterInstance
    monkeypatch: pytest.MonkeyPatch
    settings: dict[str, Any] = field(default_factory=lambda: {"first_month": "202310"})
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    pairs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _built: tuple[bytes, dg.Definitions] | None = None

    def __post_init__(self) -> None:
        for name, sandbox in (("national", self.source), ("training", self.destination)):
            password = self.folder / f"{name}.password"
            password.write_text(read_password(), encoding="utf-8")
            auth = {"username": "admin", "password_file": str(password)}
            self.instances[name] = {"url": sandbox.url, "auth": auth}
        self.pairs[PAIR] = {"source": "national", "destination": "training"}

    # Settings

    @property
    def pair(self) -> dict[str, Any]:
        """The settings of the one pair that every journey has."""
        return self.pairs[PAIR]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def set_account(self, name: str, username: str) -> None:
        """Sign in to an instance as another of its users."""
        self.instances[name]["auth"]["username"] = username

    def write_settings(self) -> Path:
        """The settings file as it stands now. JSON is YAML."""
        file = self.folder / "settings.yaml"
        named = {
            section: [{"name": name} | body for name, body in bodies.items()]
            for section, bodies in (("instances", self.instances), ("pairs", self.pairs))
        }
        content = {"home": str(self.home)} | self.settings | named
        file.write_text(json.dumps(content), encoding="utf-8")
        return file

    def build_definitions(self) -> dg.Definitions:
        """As Dagster loads them: anew when the settings have changed."""
        file = self.write_settings()
        content = file.read_bytes()
        if self._built is None or self._built[0] != content:
            self._built = content, build_definitions(load_settings(file, {}))
        return self._built[1]

    # Runs

    def materialise(self, *months: str, pairs: Sequence[str] = (PAIR,)) -> Run:
        """The job ``data`` for one month, a range of months, or a month of several pairs."""
        return self._execute("data", months, pairs)

    def preview(self, *months: str) -> Run:
        """The job ``preview`` for the same partitions."""
        return self._execute("preview", months, (PAIR,))

    def run_job(self, job: str, config: Mapping[str, Any] | None = None, month: str = "") -> Run:
        """Any job, with run configuration, for one month of the pair or without partition."""
        result = (
            self.build_definitions()
            .resolve_job_def(job)
            .execute_in_process(
                run_config=config,
                instance=self.instance,
                raise_on_error=False,
                partition_key=f"{PAIR}|{month}" if month else None,
            )
        )
        return Run(self.instance, result.run_id)

    def _execute(self, job: str, months: Sequence[str], pairs: Sequence[str]) -> Run:
        first, last = f"{pairs[0]}|{months[0]}", f"{pairs[-1]}|{months[-1]}"
        one = first == last
        result = (
            self.build_definitions()
            .resolve_job_def(job)
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                partition_key=first if one else None,
                tags=None
                if one
                else {
                    "dagster/asset_partition_range_start": first,
                    "dagster/asset_partition_range_end": last,
                },
            )
        )
        return Run(self.instance, result.run_id)

    @contextmanager
    def between_plan_and_push(self, change: Callable[[PlannedWork], None]) -> Iterator[None]:
        """Something happens when all was read and planned, and before anything is sent."""
        move = asset_module.move_data_values

        def change_and_move(planned: PlannedWork) -> Iterator[MonthResult]:
            change(planned)
            return move(planned)

        with self.monkeypatch.context() as patch:
            patch.setattr(asset_module, "move_data_values", change_and_move)
            yield

    @contextmanager
    def after_month(self, month: str, change: Callable[[PlannedWork], None]) -> Iterator[None]:
        """Something happens when a month of a range is finished, before the next begins."""
        move = asset_module.move_data_values

        def move_and_change(planned: PlannedWork) -> Iterator[MonthResult]:
            for result in move(planned):
                yield result
                if result.month == month:
                    change(planned)

        with self.monkeypatch.context() as patch:
            patch.setattr(asset_module, "move_data_values", move_and_change)
            yield

    # The servers

    def start_again(self) -> None:
        """Both servers where they were, each on its store, whether they were stopped or not."""
        self.stop()
        self.source, self.destination = _start_again(self.source), _start_again(self.destination)

    def stop(self) -> None:
        """Stop both servers, at once: each takes a while to see that it should end."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(Sandbox.stop, (self.source, self.destination)))

    # What the servers saw

    @property
    def servers(self) -> tuple[Sandbox, Sandbox]:
        return self.source, self.destination

    def clear_requests(self) -> None:
        for server in self.servers:
            server.clear_requests()

    def requests(self) -> list[RequestRecord]:
        """What either server was asked."""
        return self.source.requests() + self.destination.requests()

    def writes(self) -> list[RequestRecord]:
        """The writing requests at both servers; the source must never see one."""
        return [record for record in self.requests() if record.method != "GET"]

    def rows_sent(self) -> int:
        """Data values that went to the destination."""
        assert not [record for record in self.source.requests() if record.method != "GET"]
        return sum(record.rows for record in self.destination.requests())

    # What is on disk

    def ledger(self, month: str, pair: str = PAIR, asset: str = "data_values") -> list[dict]:
        """Every row of a month and its one outcome."""
        return _read(self.home / "ledger" / asset / pair / f"{month}.parquet")

    def quarantine(self, month: str, pair: str = PAIR) -> list[dict]:
        """The rows of a month that wait for a person."""
        return _read(self.home / "quarantine" / "data_values" / pair / f"{month}.parquet")

    # Proofs, none of which asks the product

    def prove_nothing_is_lost(
        self,
        *months: str,
        missing: Collection[Key] = (),
        within: Callable[[StoredValue], bool] = lambda value: True,
        pair: str = PAIR,
    ) -> None:
        """Every row of the source's store is in the ledger once, and at the destination.

        ``missing`` are the keys that must not have landed: exactly these, and all of them named.
        ``within`` tells the rows that the pair reads at all.
        """
        stores = {"national": self.source.store, "training": self.destination.store}
        ends = (stores[self.pairs[pair]["source"]], stores[self.pairs[pair]["destination"]])
        for month in months:
            read = [value for value in list_values(ends[0], [month]) if within(value)]
            self._prove_values(month, read, read_live(ends[1], [month]), frozenset(missing), pair)

    def _prove_values(
        self,
        month: str,
        read: Sequence[StoredValue],
        there: Mapping[Key, Content],
        missing: frozenset[Key],
        pair: str,
    ) -> None:
        rows = [row for row in self.ledger(month, pair) if row["row"] >= 0]
        ledger = {key_of(row): row["outcome"] for row in rows}
        assert len(rows) == len(ledger) == len(read)
        assert ledger.keys() == {value.key for value in read}
        left_out = {key for key, outcome in ledger.items() if outcome not in LANDED}
        assert left_out == missing & ledger.keys()
        wanted = {
            value.key: None if value.deleted else content_of(value)
            for value in read
            if value.key not in left_out
        }
        assert {key: there.get(key) for key in wanted} == wanted
        waiting = [row for row in self.quarantine(month, pair) if row["kind"] == "data_value"]
        named = {key for key, outcome in ledger.items() if outcome == "quarantined"}
        assert {key_of(row) for row in waiting} == named
        assert all(row["reason"] for row in waiting)

    def prove_registrations(self, *months: str) -> None:
        """Every registration of the source is in the ledger once, and at the destination."""
        for month in months:
            ours = [name_of(item) for item in list_registrations(self.source.store, [month])]
            theirs = {name_of(item) for item in list_registrations(self.destination.store, [month])}
            ledger = {
                (*(row[name] for name in REGISTRATION), row["completed"]): row["outcome"]
                for row in self.ledger(month, asset="completeness")
            }
            assert sorted(ledger) == sorted(ours)
            assert {key for key, outcome in ledger.items() if outcome in LANDED} <= theirs


def _start_again(sandbox: Sandbox) -> Sandbox:
    port = int(sandbox.url.rpartition(":")[2])
    return start_sandbox(sandbox.version[:4], sandbox.store.path, port=port, clock=read_clock)


def name_of(item: Registration) -> tuple:
    """The key of a registration and whether it says complete."""
    return (*(getattr(item, name) for name in REGISTRATION), item.completed)


def key_of(row: Mapping[str, Any]) -> Key:
    """The key of a row of ledger or quarantine, in the order of the stores."""
    period, org_unit, data_element, category, attribute = (row[name] for name in _KEY)
    return period, org_unit, data_element, category, attribute


def _read(path: Path) -> list[dict]:
    return pq.read_table(path).to_pylist()
