"""``make demo``: two sandbox servers, the Dagster UI, and one month moved between them.

The destination has the source's metadata and no data. Metadata are moved first, as they should be,
and find next to nothing to do. With ``--exit`` it ends by itself, with 0 only if no family failed
and reconciliation found the destination equal to the source.
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
    from dagster import DagsterInstance

_PAIR = "national--training"
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
    """Source (2.40, with data) and destination (2.43, without); gives their settings file."""
    from d2_assets.sandbox import ContentSpec, start_sandbox

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ports = {"national": find_free_port(18040)}
    content = ContentSpec()
    ports["training"] = find_free_port(18043, frozenset(ports.values()))
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
    ):
        print(f"Source       {source.url}  a stand-in DHIS2 2.40 with data (admin, district)")
        print(f"Destination  {destination.url}  a stand-in DHIS2 2.43, same metadata, no data")
        yield _write_settings(folder, source.url, destination.url)


def _write_settings(folder: Path, source: str, destination: str) -> Path:
    """The sandbox's own settings file, with the ports that were free."""
    from d2_assets import sandbox

    packaged = Path(sandbox.__file__).parent
    text = (packaged / "instances.yaml").read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:18040", source)
    text = text.replace("http://127.0.0.1:18043", destination)
    text = text.replace("password.txt", str(packaged / "password.txt"))
    file = folder / "d2_assets.yaml"
    file.write_text(text, encoding="utf-8")
    return file.resolve()


def materialise(month: str, environ: Mapping[str, str], log: Path) -> bool:
    """One partition, metadata and data, as ``dagster asset materialize`` does it; its words go to
    ``log``."""
    command = [
        *(sys.executable, "-m", "dagster", "asset", "materialize"),
        *("--module-name", "d2_assets.definitions"),
        *("--select", 'group:metadata or key:"data/data_values"'),
        *("--partition", f"{_PAIR}|{month}"),
    ]
    with log.open("wb") as output:
        done = subprocess.run(
            command, env=dict(environ), stdout=output, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode == 0


def report(month: str, dagster_home: Path) -> bool:
    """Print what moved, from Dagster's own records; whether the destination equals the source."""
    import dagster as dg

    from d2_assets.defs.assets.data_values import KEY
    from d2_assets.defs.checks import DESTINATION_EQUALS_SOURCE, NO_ROW_IS_LOST
    from d2_assets.ledger.outcomes import Outcome

    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        event = instance.get_latest_materialization_event(KEY)
        if event is None or event.asset_materialization is None:
            return False
        _report_families(instance)
        shown = event.asset_materialization.metadata
        print(
            f"\n{_PAIR}, {month}: {shown['rows_read'].value} values read at the source, "
            "those that are deleted there included"
        )
        for outcome in Outcome:
            if shown[outcome].value:
                print(f"  {shown[outcome].value!s:>8}  {outcome}")
        passed = True
        for name in (NO_ROW_IS_LOST, DESTINATION_EQUALS_SOURCE):
            check = dg.AssetCheckKey(KEY, name)
            records = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])
            event = records[check].event if check in records else None
            if event is None or event.dagster_event is None:
                print(f"  check {name}: not answered")
                return False
            evaluation = event.dagster_event.asset_check_evaluation_data
            passed = passed and evaluation.passed
            print(f"  check {name}: {evaluation.description}")
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
            print(f"Moving the metadata, and {month}, from the source to the destination.")
            words = folder / "materialise.log"
            equal = materialise(month, environ, words) and report(month, dagster_home)
            if not equal:
                print(f"The destination does not equal the source. See {words}", file=sys.stderr)
            print(f"\nLook at it:  http://{LOOPBACK}:{port}/assets/data/data_values")
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
