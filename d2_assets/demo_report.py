"""What the demo prints of what it moved, read from Dagster's own records, and whether all is right.

Dagster is loaded when there is something to tell: the demo starts servers meanwhile.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg
    from dagster import DagsterInstance, EventLogEntry

PAIR = "national--training"
STOCK_PAIR = "stock--national"
FIRST_MONTH = "202401"  # the one of the sandbox's settings file
_MOST_MONTHS = 1000


def report(month: str, dagster_home: Path) -> bool:
    """Print what moved, from Dagster's own records; whether the destination equals the source."""
    import dagster as dg

    from d2_assets.defs.assets.data_values import KEY
    from d2_assets.defs.assets.tracker import EVENTS, TRACKER

    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        _report_families(instance)
        passed = [
            _report_asset(instance, key, words)
            for key, words in (
                (KEY, f"{month}: {{}} data values"),
                (EVENTS, f"since {FIRST_MONTH}: {{}} events and relationships"),
                (TRACKER, f"since {FIRST_MONTH}: {{}} tracked entities and what is theirs"),
            )
        ]
    return all(passed)


def _report_asset(instance: "DagsterInstance", key: "dg.AssetKey", words: str) -> bool:
    """Print the outcomes of all months of an asset and the checks of its last one; whether it was
    moved and all is right. Of a month that was moved twice, what either wrote counts."""
    import dagster as dg

    from d2_assets.defs.checks import DESTINATION_EQUALS_SOURCE, NO_ROW_IS_LOST
    from d2_assets.ledger.outcomes import WRITTEN, Outcome

    outcomes, told = dict.fromkeys(Outcome, 0), set[str]()
    for record in instance.fetch_materializations(key, limit=_MOST_MONTHS).records:  # newest first
        done = record.asset_materialization
        if done is None:
            continue
        is_again = str(done.partition) in told
        told.add(str(done.partition))
        for outcome in WRITTEN if is_again else Outcome:
            count = int(str(done.metadata[outcome].value))
            outcomes[outcome] += count
            outcomes[Outcome.UNCHANGED] -= count if is_again else 0
    print(f"\n{PAIR}, {words.format(sum(outcomes.values()))} read, the deleted ones included")
    for outcome, count in outcomes.items():
        if count:
            print(f"  {count!s:>8}  {outcome}")
    checks = [dg.AssetCheckKey(key, name) for name in (NO_ROW_IS_LOST, DESTINATION_EQUALS_SOURCE)]
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    passed = not outcomes[Outcome.QUARANTINED]
    for check in checks:
        event = records[check].event if check in records else None
        passed = passed and _has_passed(event)
        said = event.asset_check_evaluation if event else None
        print(f"  check {check.name}: {said.description if said else 'not answered'}")
    return passed


def _report_families(instance: "DagsterInstance") -> None:
    """Print what became of the metadata, all families together."""
    from d2_assets.defs.assets.metadata import family_key
    from d2_assets.ledger.outcomes import Outcome
    from d2_assets.metadata.families import FAMILIES

    objects = dict.fromkeys(Outcome, 0)
    for name in FAMILIES:
        event = instance.get_latest_materialization_event(family_key(name))
        if event is not None and event.asset_materialization is not None:
            shown = event.asset_materialization.metadata
            for outcome in Outcome:
                objects[outcome] += int(str(shown[outcome].value))
    print(f"\n{PAIR}: {sum(objects.values())} objects of metadata read at the source")
    for outcome, count in objects.items():
        if count:
            print(f"  {count!s:>8}  {outcome}")


def report_stock(month: str, dagster_home: Path) -> bool:
    """Print what arrived of stock, all indicators together; whether all of it did."""
    import dagster as dg

    from d2_assets.defs.assets.stock import MOVEMENTS, indicator_key
    from d2_assets.defs.checks import DESTINATION_EQUALS_SOURCE, NO_ROW_IS_LOST
    from d2_assets.defs.stock_checks import ACCOUNTING_BALANCES
    from d2_assets.defs.stock_types import INDICATORS
    from d2_assets.ledger.outcomes import Outcome

    values = dict.fromkeys(Outcome, 0)
    checks = [dg.AssetCheckKey(MOVEMENTS, ACCOUNTING_BALANCES)]
    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        for key in map(indicator_key, INDICATORS):
            event = instance.get_latest_materialization_event(key)
            if event is None or event.asset_materialization is None:
                return False
            shown = event.asset_materialization.metadata
            for outcome in Outcome:
                values[outcome] += int(str(shown[outcome].value))
            checks += [
                dg.AssetCheckKey(key, name) for name in (NO_ROW_IS_LOST, DESTINATION_EQUALS_SOURCE)
            ]
        records = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    print(
        f"\n{STOCK_PAIR}, {month}: {sum(values.values())} numbers of {len(INDICATORS)} indicators"
    )
    for outcome, count in values.items():
        if count:
            print(f"  {count!s:>8}  {outcome}")
    held = [_has_passed(records[check].event) for check in checks if check in records]
    print(f"  {sum(held)} of {len(checks)} checks of stock passed")
    return sum(held) == len(checks)


def _has_passed(event: "EventLogEntry | None") -> bool:
    if event is None or event.dagster_event is None:
        return False
    return event.dagster_event.asset_check_evaluation_data.passed
