"""The sensor ``instance_health`` and its assets: how every instance is, with history.

An external asset for each instance is observed at every check; numbers are numbers, so that its
page plots them.
"""

import time
from collections.abc import Callable

import dagster as dg

from d2_assets.defs.notifier import NotifierResource
from d2_assets.settings import Instance, Settings
from d2_assets.sync.health import (
    Expected,
    InstanceState,
    follow_instance,
    order_by_need,
    read_states,
    write_states,
)
from d2_assets.sync.health_checks import BUDGET, InstanceHealth, check_instances


def instance_key(name: str) -> dg.AssetKey:
    """The asset that stands for an instance."""
    return dg.AssetKey(["instances", name])


def build_instances(settings: Settings) -> list[dg.AssetSpec]:
    """The assets ``instances/<name>`` of the active instances: nothing makes them."""
    return [
        dg.AssetSpec(
            instance_key(instance.name),
            group_name="overview",
            description=f"The {_say_kind(instance)} server {instance.name} at {instance.url}: "
            "whether it answers, its version, its account and its clock, at every check of the "
            "sensor instance_health. The plots show reachable (1 or 0), the seconds it took to "
            "answer, and the seconds that its clock is ahead.",
            kinds={instance.kind},
            owners=["team:d2_assets"],
        )
        for instance in settings.instances
        if instance.active
    ]


def build_instance_health(
    settings: Settings, clock: Callable[[], float] = time.time, budget: float = BUDGET
) -> dg.SensorDefinition:
    """The sensor. ``clock`` gives seconds since the epoch; ``budget`` is in seconds."""
    active = [instance.name for instance in settings.instances if instance.active]
    written = {pair.destination for pair in settings.active_pairs}

    @dg.sensor(
        name="instance_health",
        minimum_interval_seconds=settings.health_minutes * 60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Asks every active instance each {settings.health_minutes} minutes who it "
        "is, what its account may do and what its clock says, and records the answers on the "
        "assets instances/... It tells through the notifier when an instance is lost or returns, "
        "when its version changes, when its clock is off by more than "
        f"{settings.clock_skew_seconds} seconds, and when its account may no longer write.",
    )
    def instance_health(
        context: dg.SensorEvaluationContext, notifier: NotifierResource
    ) -> dg.SensorResult:
        told = notifier.open(context.instance, context.log)
        before = read_states(context.cursor or "")
        states = {name: before.get(name, InstanceState()) for name in active}
        checked = check_instances(
            settings, order_by_need(active, states), clock=clock, budget=budget
        )
        for health in checked:
            name = health.name
            expected = Expected(settings.clock_skew_seconds, name in written)
            states[name], notices = follow_instance(states[name], health, expected, clock())
            for notice in notices:
                told.tell(notice)
        return dg.SensorResult(
            asset_events=[observe(health) for health in checked],
            skip_reason=_sum_up(active, checked),
            cursor=write_states(states),
        )

    return instance_health


def observe(health: InstanceHealth) -> dg.AssetObservation:
    """The observation of one check."""
    report = health.report
    metadata: dict[str, dg.MetadataValue] = {
        "reachable": dg.MetadataValue.int(int(report.reachable)),
        "message": dg.MetadataValue.text(report.message or "in order"),
    }
    if report.reachable:
        metadata |= {
            "system_name": dg.MetadataValue.text(report.system_name),
            "version": dg.MetadataValue.text(report.version),
            "account": dg.MetadataValue.text(report.account),
            "org_units": dg.MetadataValue.int(report.org_units),
            "may_write": dg.MetadataValue.text(report.may_write),
        }
    if health.version_warning:
        metadata["version_warning"] = dg.MetadataValue.text(health.version_warning)
    if health.seconds is not None:
        metadata["response_seconds"] = dg.MetadataValue.float(round(health.seconds, 3))
    if health.clock_error is not None:
        metadata["clock_error_seconds"] = dg.MetadataValue.float(round(health.clock_error, 3))
    return dg.AssetObservation(instance_key(health.name), metadata=metadata)


def _sum_up(active: list[str], checked: tuple[InstanceHealth, ...]) -> str:
    silent = [health.name for health in checked if health.report.message]
    left = sorted(set(active) - {health.name for health in checked})
    return " ".join(
        words
        for words in (
            f"{len(checked)} instances were asked; {len(checked) - len(silent)} are in order.",
            f"Not in order: {', '.join(silent)}." if silent else "",
            f"Not asked for want of time: {', '.join(left)}; they come first next time."
            if left
            else "",
        )
        if words
    )


def _say_kind(instance: Instance) -> str:
    return "DHIS2" if instance.kind == "dhis2" else "OpenLMIS"
