"""What a run of Dagster came to, as its stored event log tells it: that is what people see."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg

from d2_assets.ledger.outcomes import Outcome

#: The asset that shows what another one left; it follows in the same run.
WORK_LIST = "overview/quarantine"


@dataclass(frozen=True)
class Run:
    """One run that has ended. Partition keys read ``national--training|202404``."""

    instance: dg.DagsterInstance
    run_id: str

    @cached_property
    def record(self) -> dg.DagsterRun:
        """The run as it is stored."""
        run = self.instance.get_run_by_id(self.run_id)
        assert run is not None
        return run

    @property
    def success(self) -> bool:
        return self.record.status is dg.DagsterRunStatus.SUCCESS

    @property
    def tags(self) -> Mapping[str, str]:
        return self.record.tags

    @cached_property
    def log(self) -> list[dg.EventLogEntry]:
        """All that was logged, messages and events."""
        return list(self.instance.all_logs(self.run_id))

    @cached_property
    def events(self) -> list[dg.DagsterEvent]:
        return [entry.dagster_event for entry in self.log if entry.dagster_event is not None]

    def _materialisations(self, asset: str = "") -> list[dg.AssetMaterialization]:
        """Those of an asset; without its name those of all but the work list."""
        found = [
            event.step_materialization_data.materialization
            for event in self.events
            if event.is_step_materialization
        ]
        return [
            item
            for item in found
            if (name := item.asset_key.to_user_string()) == asset
            or (not asset and name != WORK_LIST)
        ]

    @property
    def materialised(self) -> list[str]:
        """The partitions that were marked as materialised, in the order of their keys; those of
        the work list apart."""
        return sorted(str(item.partition) for item in self._materialisations())

    def materialised_of(self, asset: str) -> list[str]:
        """The same of one asset ("overview/quarantine")."""
        return sorted(str(item.partition) for item in self._materialisations(asset))

    def show(self, month: str, pair: str = "", asset: str = "") -> Mapping[str, Any]:
        """Numbers, texts and tables of a materialised partition; a table is a list of rows."""
        for item in self._materialisations(asset):
            if _is_of(item.partition, month, pair):
                return {name: _plain(value) for name, value in item.metadata.items()}
        raise AssertionError(f"{month} was not materialised: {self.failure}")

    def observe(self, month: str, key: str) -> Mapping[str, Any]:
        """What an observation of a partition showed: the first one that holds ``key``."""
        for item in self.observations:
            if key in item.metadata and _is_of(item.partition, month, ""):
                return {name: _plain(value) for name, value in item.metadata.items()}
        raise AssertionError(f"No observation of {month} shows {key}.")

    def outcomes(self, month: str, pair: str = "") -> dict[str, int]:
        """Rows of a materialised partition per outcome, those above 0."""
        shown = self.show(month, pair)
        return {str(name): shown[name] for name in Outcome if shown[name]}

    def completeness(self, month: str) -> dict[str, int]:
        """Registrations per outcome, those above 0."""
        return {
            row["outcome"]: row["rows"] for row in self.show(month)["completeness"] if row["rows"]
        }

    @property
    def observations(self) -> list[dg.AssetObservation]:
        return [
            event.asset_observation_data.asset_observation
            for event in self.events
            if event.is_asset_observation
        ]

    @property
    def checks(self) -> list[dg.AssetCheckEvaluation]:
        """The answers of the asset checks."""
        return [
            evaluation
            for event in self.events
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
            and isinstance(evaluation := event.event_specific_data, dg.AssetCheckEvaluation)
        ]

    def check(self, name: str) -> dg.AssetCheckEvaluation:
        """The last answer of one check: for a range that of the whole range."""
        return [check for check in self.checks if check.check_name == name][-1]

    @property
    def _failure(self) -> Any:
        for event in self.events:
            if event.is_step_failure:
                return event.step_failure_data
        return None

    @property
    def failure(self) -> str:
        """What the failure says in the UI; empty when there is none."""
        data = self._failure
        if data is None:
            return ""
        given = data.user_failure_data
        return given.description if given else data.error.to_string()

    @property
    def failure_parts(self) -> dict[str, str]:
        """The named parts of a failure: what happened, what to do, kind."""
        given = self._failure.user_failure_data
        return {name: str(value.value) for name, value in given.metadata.items()}


def _is_of(partition: str | None, month: str, pair: str) -> bool:
    found_pair, _, found_month = str(partition).partition("|")
    return found_month == month and pair in ("", found_pair)


def _plain(value: Any) -> Any:
    if isinstance(value, dg.TableMetadataValue):
        return [dict(record.data) for record in value.records]
    return value.value
