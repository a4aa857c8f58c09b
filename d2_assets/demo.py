"""``make demo``: sandbox servers, the Dagster UI, and one month moved between them, of events and
tracked entities all months.

Stock of an OpenLMIS arrives in the source first and travels on with its other data values. The
destination has the source's metadata and no data. Metadata are moved before data, as they should
be, and find next to nothing to do. With ``--exit`` it ends by itself, with 0 only if no family
failed and reconciliation found every destination equal to its source.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from d2_assets.errors import D2AssetsError, TransientError
from d2_assets.serve import (
    LOOPBACK,
    end_on_signals,
    find_free_port,
    prepare_dagster_home,
    run_dagster_ui,
    wait_for_port,
)
from d2_assets.settings.database import DATABASE_VARIABLE

if TYPE_CHECKING:
    import dagster as dg
    from dagster import DagsterInstance, EventLogEntry

_PAIR = "national--training"
_STOCK_PAIR = "stock--national"
_MOVED = 'group:metadata or key:"data/data_values"'
#: A relationship may reach into any month before its own, so these travel with their history.
_TRACKED = 'key:"data/events" or key:"data/tracker"'
_FIRST_MONTH = "202401"  # the one of the sandbox's settings file
_MOST_MONTHS = 1000
_FOLDER = Path(".d2_assets/demo")


@contextmanager
def _hold_folder(folder: Path) -> Iterator[None]:
    """One demo at a time: each begins with an empty folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise TransientError(
            "A demo runs in this folder already.", remedy="Use that one, or end it with Ctrl-C."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def start_servers(folder: Path) -> Iterator[Path]:
    """Source (2.40, with data), destination (2.43, without) and OpenLMIS; gives their settings
    file."""
    from d2_assets.sandbox import ContentSpec, start_sandbox
    from d2_assets.sandbox.command import serve_stock
    from d2_assets.sandbox.content_products import FACILITIES

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ports = {"national": find_free_port(18040)}
    content = ContentSpec(stock=FACILITIES, events=400, entities=150)
    ports["training"] = find_free_port(18043, frozenset(ports.values()))
    ports["stock"] = find_free_port(18060, frozenset(ports.values()))
    with (
        start_sandbox(
            "2.40", folder / "national.sqlite", port=ports["national"], content=content
        ) as source,
        start_sandbox(
            "2.43",
            folder / "training.sqlite",
            port=ports["training"],
            content=content,
            with_data=False,
        ) as destination,
        serve_stock(ports["stock"], LOOPBACK, content.seed) as stock,
    ):
        print(f"Source       {source.url}  a stand-in DHIS2 2.40 with data (admin, district)")
        print(f"Destination  {destination.url}  a stand-in DHIS2 2.43, same metadata, no data")
        print(f"Stock        {stock.url}  a stand-in OpenLMIS (sync, district)")
        yield _write_settings(folder, source.url, destination.url, stock.url)


def _write_settings(folder: Path, source: str, destination: str, stock: str) -> Path:
    """The sandbox's own settings file, with the ports that were free."""
    from d2_assets import sandbox

    packaged = Path(sandbox.__file__).parent
    text = (packaged / "instances.yaml").read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:18040", source)
    text = text.replace("http://127.0.0.1:18043", destination)
    text = text.replace("http://127.0.0.1:18060", stock)
    for name in ("password.txt", "stock_facilities.csv", "stock_products.csv"):
        text = text.replace(name, str(packaged / name))
    file = folder / "d2_assets.yaml"
    file.write_text(text, encoding="utf-8")
    return file.resolve()


def materialise(partition: str, select: str, environ: Mapping[str, str], log: Path) -> bool:
    """A partition of the assets selected, or a range ("first...last") of them, as ``dagster asset
    materialize`` does it; its words go to ``log``."""
    command = [
        *(sys.executable, "-m", "dagster", "asset", "materialize"),
        *("--module-name", "d2_assets.definitions"),
        *("--select", select),
        *("--partition-range" if "..." in partition else "--partition", partition),
    ]
    with log.open("ab") as output:
        done = subprocess.run(
            command, env=dict(environ), stdout=output, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode == 0


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
                (EVENTS, f"since {_FIRST_MONTH}: {{}} events and relationships"),
                (TRACKER, f"since {_FIRST_MONTH}: {{}} tracked entities and what is theirs"),
            )
        ]
    return all(passed)


def _report_asset(instance: "DagsterInstance", key: "dg.AssetKey", words: str) -> bool:
    """Print the outcomes of all months of an asset and the checks of its last one; whether it was
    moved and all is right."""
    import dagster as dg

    from d2_assets.defs.checks import DESTINATION_EQUALS_SOURCE, NO_ROW_IS_LOST
    from d2_assets.ledger.outcomes import Outcome

    outcomes = dict.fromkeys(Outcome, 0)
    for record in instance.fetch_materializations(key, limit=_MOST_MONTHS).records:
        shown = record.asset_materialization.metadata if record.asset_materialization else {}
        for outcome in Outcome:
            outcomes[outcome] += int(str(shown[outcome].value))
    print(f"\n{_PAIR}, {words.format(sum(outcomes.values()))} read, the deleted ones included")
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
    print(f"\n{_PAIR}: {sum(objects.values())} objects of metadata read at the source")
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
        f"\n{_STOCK_PAIR}, {month}: {sum(values.values())} numbers of {len(INDICATORS)} indicators"
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


def run(*, stay: bool) -> int:
    """The whole demo; the exit code."""
    os.environ.pop(DATABASE_VARIABLE, None)  # the demo keeps a history of its own
    month = f"{date.today().replace(day=1) - timedelta(days=1):%Y%m}"
    folder = _FOLDER.resolve()
    with start_servers(folder) as settings:
        dagster_home = prepare_dagster_home(folder / "dagster")
        environ = {
            **os.environ,
            "D2_ASSETS_CONFIG": str(settings),
            "D2_ASSETS_HOME": str(folder / "home"),
            "DAGSTER_HOME": str(dagster_home),
        }
        port, log = find_free_port(3000), folder / "dagster-dev.log"
        with run_dagster_ui(dagster_home, port, environ, log) as process:
            print("Starting the Dagster UI; on a small machine this takes a minute.")
            wait_for_port(process, port, 300, log)
            words = folder / "materialise.log"
            print(f"Moving stock of {month} to the source.")
            equal = materialise(
                f"{_STOCK_PAIR}|{month}", "group:stock", environ, words
            ) and report_stock(month, dagster_home)
            print(f"Moving the metadata, and {month}, from the source to the destination.")
            history = f"{_PAIR}|{_FIRST_MONTH}...{_PAIR}|{date.today():%Y%m}"
            equal = (
                equal
                and materialise(f"{_PAIR}|{month}", _MOVED, environ, words)
                and materialise(history, _TRACKED, environ, words)
                and report(month, dagster_home)
            )
            if not equal:
                print(f"The destination does not equal the source. See {words}", file=sys.stderr)
            print(f"\nLook at it:  http://{LOOPBACK}:{port}/assets/data/data_values")
            print(f"Tracker:     http://{LOOPBACK}:{port}/assets/data/tracker")
            print(f"Stock:       http://{LOOPBACK}:{port}/assets/stock/closing_balance")
            print(f"Metadata:    http://{LOOPBACK}:{port}/assets/metadata/data_elements")
            print(f"Settings:    {settings}\nTables:      {folder / 'home'}")
            if stay:
                print("Ctrl-C ends the demo.")
                process.wait()
            return 0 if equal else 1


def main() -> int:
    """The command line: nothing, or ``--exit``."""
    end_on_signals()
    try:
        with _hold_folder(_FOLDER):
            return run(stay="--exit" not in sys.argv[1:])
    except KeyboardInterrupt:
        return 0
    except D2AssetsError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
