"""The job ``preview``: what a push of metadata and data would do, before anything is sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from pydantic import Field

from d2_assets.defs.assets.data_values import KEY, open_work
from d2_assets.defs.assets.metadata import family_key, open_family
from d2_assets.defs.assets.stock import GROUP, Resources, indicator_key, open_stock
from d2_assets.defs.assets.tracker import TRACKER_ASSETS, open_tracker
from d2_assets.defs.failures import make_failure
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.metadata_tables import show_family_plan, show_promised
from d2_assets.defs.partitions import group_by_pair, join_key
from d2_assets.defs.resources import (
    DHIS2Resource,
    HomeResource,
    OpenLMISResource,
    SettingsResource,
)
from d2_assets.defs.runs import find_reason_to_leave_out
from d2_assets.defs.stock_tables import show_stock_plan
from d2_assets.defs.stock_types import INDICATORS
from d2_assets.defs.tables import show_plan
from d2_assets.defs.tracker_tables import show_tracker_plan
from d2_assets.errors import CancelledError, ConfigurationError, D2AssetsError, join_errors
from d2_assets.metadata.families import DATA_VALUES_NEED, FAMILIES
from d2_assets.settings import Moved, Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.stock.attributes import Indicator
from d2_assets.sync.metadata import Promised
from d2_assets.sync.narrowing import Narrowing, narrow_pair
from d2_assets.sync.tracker_work import TrackerAsset


@dataclass(frozen=True, slots=True)
class _Planned:
    """An asset that has a plan, by the name that the job's configuration gives it."""

    name: str
    moved: Moved
    key: dg.AssetKey
    family: str = ""
    needs: tuple[str, ...] = ()
    asset: TrackerAsset | None = None
    indicator: Indicator | None = None


_FAMILY = "metadata/"

#: What can be planned, in order: what is referred to first.
_PLANNED = (
    *(
        _Planned(
            f"{_FAMILY}{family.name}",
            "metadata",
            family_key(family.name),
            family.name,
            tuple(f"{_FAMILY}{name}" for name in family.needs),
        )
        for family in FAMILIES.values()
    ),
    _Planned("data_values", "data_values", KEY),
    *(
        _Planned(spec.asset, spec.asset, spec.key, asset=spec.asset)
        for spec in TRACKER_ASSETS.values()
    ),
    *(
        _Planned(f"{GROUP}/{name}", "stock", indicator_key(name), indicator=name)
        for name in INDICATORS
    ),
)

#: Stands for all families.
_ALL_FAMILIES = "metadata"
#: Stands for all indicators.
_ALL_STOCK = GROUP


class PreviewConfig(dg.Config):
    """Which assets to plan; all that can be planned by default."""

    assets: list[str] = Field(
        default=[_ALL_FAMILIES, "data_values", *TRACKER_ASSETS, _ALL_STOCK],
        description="The assets whose plan is wanted: data_values, events, tracker, metadata (all "
        "families), stock (all indicators), or one by name, such as metadata/data_elements or "
        "stock/issued. They are planned in the order of their needs, whatever the order here.",
    )


@dataclass(frozen=True, slots=True)
class _Servers:
    """What the plans of one run have in common."""

    context: dg.OpExecutionContext
    settings: Settings
    dhis2: DHIS2Resource
    home: Home
    openlmis: OpenLMISResource
    narrowing: Narrowing

    def find_home(self, pair: Pair) -> Home:
        """Apart where a part of the months is planned."""
        return self.home.set_apart(pair.name) if self.narrowing.is_partial else self.home


def build_preview(partitions: dg.PartitionsDefinition) -> dg.JobDefinition:
    """The job ``preview``: as far as the plan, for the same partitions as the assets."""

    @dg.op(description="Reads both servers and records what a push would do. Nothing is sent.")
    def plan(
        context: dg.OpExecutionContext,
        config: PreviewConfig,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
        openlmis: OpenLMISResource,
        launch: LaunchResource,
    ) -> None:
        errors: list[D2AssetsError] = []
        try:
            servers = _Servers(
                context, settings.read(), dhis2, home.open(), openlmis, launch.read()
            )
            chosen = _choose_assets(config.assets)
            for name, months in group_by_pair(context.partition_keys).items():
                errors += _plan_pair(servers, servers.settings.pair(name), months, chosen)
        except CancelledError as cancelled:
            raise cancelled.interruption or cancelled from cancelled
        except D2AssetsError as error:
            raise make_failure(error) from error
        if errors:
            raise make_failure(join_errors(errors))

    @dg.job(
        name="preview",
        partitions_def=partitions,
        description="What would be written, before anything is. Reads both servers and records "
        "the plan as an observation on the partition of each chosen asset; nothing is sent and "
        "nothing is marked as materialised. A metadata family counts what the plans of the "
        "families before it would bring.",
    )
    def preview() -> None:
        plan()

    return preview


def _choose_assets(names: list[str]) -> list[_Planned]:
    known = {one.name for one in _PLANNED}
    groups = {_ALL_FAMILIES, _ALL_STOCK}
    unknown = [name for name in names if name not in known | groups]
    if unknown:
        raise ConfigurationError(
            f"There is no asset {', '.join(unknown)} to preview.",
            remedy=f"Choose among {', '.join(sorted(known | groups))}.",
            key="assets",
        )
    return [
        one
        for one in _PLANNED
        if one.name in names
        or (_ALL_FAMILIES in names and one.family)
        or (_ALL_STOCK in names and one.indicator)
    ]


def _plan_pair(
    servers: _Servers, pair: Pair, months: Sequence[str], chosen: Sequence[_Planned]
) -> Iterator[D2AssetsError]:
    """Plan one asset after the other; gives what went wrong. An asset that fails stops those that
    refer to it, as it would in a run of the assets."""
    promised, stopped = Promised(), set[str]()
    pair = narrow_pair(pair, servers.narrowing)  # tells what cannot be chosen, before asking
    for asset in chosen:
        log = servers.context.log
        reason = find_reason_to_leave_out(
            pair, asset.moved, servers.settings, asset.family, servers.narrowing
        )
        if reason:
            log.info(f"{asset.name}, {pair.name}: {reason}")
            continue
        if failed := stopped.intersection(asset.needs):
            log.error(f"{asset.name}: not planned, since {', '.join(sorted(failed))} was not.")
            stopped.add(asset.name)
            continue
        try:
            if asset.family:
                promised = promised.add(_plan_family(servers, pair, months, asset, promised))
            elif asset.asset:
                _plan_tracker(servers, pair, months, asset.asset, promised)
            elif asset.indicator:
                _plan_stock(servers, pair, months, asset.indicator)
            else:
                _plan_values(servers, pair, months, promised)
        except CancelledError:
            raise
        except D2AssetsError as error:
            log.error(f"{asset.name}: {error}")
            stopped.add(asset.name)
            yield error


def _plan_family(
    servers: _Servers, pair: Pair, months: Sequence[str], asset: _Planned, promised: Promised
) -> Promised:
    """Record the plan of a family on each month; gives what it promises to those after it."""
    with open_family(
        servers.context,
        servers.settings,
        servers.find_home(pair),
        servers.dhis2,
        pair,
        asset.family,
        months,
        promised,
    ) as planned:
        shown = show_family_plan(planned)
        for month in months:
            _record_plan(servers, asset.key, pair, month, shown)
        return planned.promise()


def _plan_values(servers: _Servers, pair: Pair, months: Sequence[str], promised: Promised) -> None:
    """Values are planned against what the destination holds now; what their rows may name and the
    metadata would bring is told beside the plan."""
    coming = show_promised(promised, DATA_VALUES_NEED)
    with open_work(
        servers.context,
        servers.settings,
        servers.find_home(pair),
        servers.dhis2,
        pair,
        months,
        is_preview=True,
        narrowing=servers.narrowing,
    ) as planned:
        for month in months:
            _record_plan(servers, KEY, pair, month, show_plan(planned, month) | coming)


def _plan_tracker(
    servers: _Servers, pair: Pair, months: Sequence[str], asset: TrackerAsset, promised: Promised
) -> None:
    """Events or tracked entities, as values: against what the destination holds now."""
    spec = TRACKER_ASSETS[asset]
    coming = show_promised(promised, spec.families)
    with open_tracker(
        servers.context,
        servers.settings,
        servers.find_home(pair),
        servers.dhis2,
        pair,
        asset,
        months,
        is_preview=True,
        narrowing=servers.narrowing,
    ) as planned:
        for month in months:
            _record_plan(servers, spec.key, pair, month, show_tracker_plan(planned, month) | coming)


def _plan_stock(servers: _Servers, pair: Pair, months: Sequence[str], indicator: Indicator) -> None:
    """An indicator of stock: movements are read once for all indicators of the run."""
    given = Resources(servers.settings, servers.openlmis, servers.dhis2, servers.home)
    with open_stock(servers.context, given, pair, indicator, months, is_preview=True) as planned:
        for month in planned.work.targets:
            shown = show_stock_plan(planned, month)
            _record_plan(servers, indicator_key(indicator), pair, month, shown)


def _record_plan(
    servers: _Servers, key: dg.AssetKey, pair: Pair, month: str, shown: Mapping[str, Any]
) -> None:
    servers.context.log_event(
        dg.AssetObservation(
            key,
            partition=join_key(pair.name, month),
            description="What a push would do. Nothing was sent.",
            metadata=shown,
        )
    )
