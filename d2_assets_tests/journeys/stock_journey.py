"""A journey of stock: an OpenLMIS, a DHIS2, mapping files, and the real assets in a Dagster."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs import errands, resources
from d2_assets.defs.assets import stock as asset_module
from d2_assets.http.policy import RetryPolicy
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets.settings import load_settings
from d2_assets.sync.connect import connect, connect_openlmis
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.stock.world import DAMAGE, MONTH, TODAY, StockWorld, open_world

PAIR = "moh--training"


class StandingDate(date):
    """``date`` on the day of the stand-in servers."""

    @classmethod
    def today(cls) -> "StandingDate":
        return cls(TODAY.year, TODAY.month, TODAY.day)


@dataclass(slots=True)
class StockJourney:
    """``stock`` is what the pair's settings say of it; change it, and the world, before a run."""

    world: StockWorld
    instance: dg.DagsterInstance
    stock: dict[str, Any] = field(
        default_factory=lambda: {"reasons": {"by_id": {DAMAGE: "losses"}}}
    )
    auth: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.world.folder / "home"

    def write_settings(self) -> Path:
        """The settings file as it stands now. JSON is YAML."""
        self.world.write_mapping()
        folder = self.world.folder
        for name, secret in (("moh", PASSWORD), ("training", read_password())):
            (folder / f"{name}.password").write_text(secret, encoding="utf-8")
        own = {"username": USERNAME, "password_file": "moh.password"}
        content = {
            "first_month": "202507",
            "home": str(self.home),
            "instances": [
                {
                    "name": "moh",
                    "kind": "openlmis",
                    "url": self.world.openlmis.url,
                    "auth": self.auth or own,
                },
                {
                    "name": "training",
                    "url": self.world.dhis2.url,
                    "auth": {"username": "admin", "password_file": "training.password"},
                },
            ],
            "pairs": [
                {
                    "source": "moh",
                    "destination": "training",
                    "name": PAIR,
                    "sync_type": "stock",
                    "stock": {"facilities": "facilities.csv", "products": "products.csv"}
                    | self.stock,
                }
            ],
        }
        file = folder / "settings.yaml"
        file.write_text(json.dumps(content), encoding="utf-8")
        return file

    def materialise(self, *assets: str, month: str = MONTH, last_month: str = "") -> Run:
        """The movements and some indicators, by name, for a month or a range of months."""
        job = self._build().resolve_job_def("stock")
        keys = [dg.AssetKey(["stock", name]) for name in ("stock_movements", *assets)]
        is_range = bool(last_month)
        result = job.execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            asset_selection=keys,
            partition_key=None if is_range else f"{PAIR}|{month}",
            tags={
                "dagster/asset_partition_range_start": f"{PAIR}|{month}",
                "dagster/asset_partition_range_end": f"{PAIR}|{last_month}",
            }
            if is_range
            else None,
        )
        return Run(self.instance, result.run_id)

    def preview(self, *assets: str, month: str = MONTH) -> Run:
        """The job ``preview`` for some assets of the pair."""
        result = (
            self._build()
            .resolve_job_def("preview")
            .execute_in_process(
                run_config={"ops": {"plan": {"config": {"assets": list(assets)}}}},
                instance=self.instance,
                raise_on_error=False,
                partition_key=f"{PAIR}|{month}",
            )
        )
        return Run(self.instance, result.run_id)

    def _build(self) -> dg.Definitions:
        return build_definitions(load_settings(self.write_settings(), {}))


@contextmanager
def open_journey(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "2.40"
) -> Iterator[StockJourney]:
    """Servers that end with the block; nothing waits between two tries."""
    patient = RetryPolicy(first_delay=0.01)
    monkeypatch.setattr(asset_module, "date", StandingDate)
    monkeypatch.setattr(errands, "make_sleep", lambda stop: lambda seconds: None)
    monkeypatch.setattr(resources, "connect", partial(connect, policy=patient))
    monkeypatch.setattr(resources, "connect_openlmis", partial(connect_openlmis, policy=patient))
    with open_world(folder / "world", version) as world, dg.DagsterInstance.ephemeral() as instance:
        yield StockJourney(world, instance)
