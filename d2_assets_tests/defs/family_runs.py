"""Runs of the real metadata assets between two servers in memory."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs.assets import data_values, quarantine, tracker
from d2_assets.defs.jobs import list_asset_keys
from d2_assets.defs.reports import PartitionReport
from d2_assets.defs.resources import DHIS2Resource
from d2_assets.dhis2.system import Account, OrgUnitReference
from d2_assets.settings.loading import parse_settings
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.metadata.fake_server import FakeServer

PAIR = "national--training"
MONTHS = ("202401", "202402", "202403")
_INSTANCES = """
first_month: "202401"
home: {home}
instances:
  - {{name: national, url: "https://national.example.org", auth: {{username: u, password_env: A}}}}
  - {{name: training, url: "https://training.example.org", auth: {{username: u, password_env: B}}}}
"""


class Server(FakeServer):
    """What an asset needs of a client beyond moving metadata."""

    bytes_moved = 1000

    def close(self) -> None:
        pass

    def get_me(self) -> Account:
        """Somebody who may write data, too."""
        unit = OrgUnitReference("ImspTQPwCqd", "/ImspTQPwCqd")
        return replace(super().get_me(), org_units=(unit,))

    def count_objects(self, plural: str) -> int:
        return len(self.objects.get(plural, {}))


@dataclass
class Country:
    """Two servers and a settings file of pairs between them (JSON is YAML)."""

    folder: Path
    instance: dg.DagsterInstance
    source: Server
    destination: Server
    pairs: dict[str, Mapping[str, Any]] = field(
        default_factory=lambda: {PAIR: {"sync_type": "both"}}
    )
    asked: list[str] = field(default_factory=list)

    def build(self) -> dg.Definitions:
        ends = {"source": "national", "destination": "training"}
        pairs = [{"name": name} | ends | dict(more) for name, more in self.pairs.items()]
        file = self.folder / "settings.yaml"
        text = _INSTANCES.format(home=self.folder / "home") + f"pairs: {pairs}\n"
        file.write_text(text, encoding="utf-8")
        return build_definitions(parse_settings(text, file))

    def run(
        self,
        *assets: str,
        months: Sequence[str] = MONTHS[:1],
        to_pair: str = "",
        launch: Mapping[str, Any] | None = None,
    ) -> Run:
        """Materialise assets ("metadata/options"), by default all, for months of the pairs from
        the first to ``to_pair``; ``launch``: what is chosen in the Launchpad."""
        defs = self.build()
        first = next(iter(self.pairs))
        start, end = f"{first}|{months[0]}", f"{to_pair or first}|{months[-1]}"
        every = [*list_asset_keys("complete"), *list_asset_keys("stock")]
        keys = [dg.AssetKey(name.split("/")) for name in assets] or every
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=keys,
            raise_on_error=False,
            run_config={"resources": {"launch": {"config": dict(launch or {})}}},
            partition_key=start if start == end else None,
            tags=None
            if start == end
            else {
                "dagster/asset_partition_range_start": start,
                "dagster/asset_partition_range_end": end,
            },
        )
        return Run(self.instance, result.run_id)

    def preview(self, *assets: str, months: Sequence[str] = MONTHS[:1]) -> Run:
        """The job ``preview`` of chosen assets."""
        result = (
            self.build()
            .resolve_job_def("preview")
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                run_config={"ops": {"plan": {"config": {"assets": list(assets)}}}},
                partition_key=f"{next(iter(self.pairs))}|{months[0]}",
            )
        )
        return Run(self.instance, result.run_id)


def make_country(
    folder: Path,
    patch: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    destination: Server | None = None,
) -> Country:
    """A country whose servers stand behind the resource, and whose data move by magic."""
    country = Country(folder, instance, Server("national"), destination or Server("training"))
    servers = {"national": country.source, "training": country.destination}

    def get_client(self: object, settings: object, name: str, sleep: object = None) -> Server:
        country.asked.append(name)
        return servers[name]

    patch.setattr(DHIS2Resource, "get_client", get_client)
    for module, keys in (
        (data_values, {data_values.KEY}),
        (tracker, {tracker.EVENTS, tracker.TRACKER}),
        (quarantine, {quarantine.WORK_LIST}),
    ):
        _stand_in(patch, module, keys)
    return country


def _stand_in(patch: pytest.MonkeyPatch, module: Any, keys: Set[dg.AssetKey]) -> None:
    """Assets after the metadata run in the same frame and move nothing."""
    materialise = module.materialise_partitions

    def move_nothing(run, move, find_changed=None):
        assert run.asset_key in keys
        yield from materialise(
            run,
            lambda pair, months: (
                PartitionReport(pair.name, month, {"months": len(months)}, ()) for month in months
            ),
        )

    patch.setattr(module, "materialise_partitions", move_nothing)
