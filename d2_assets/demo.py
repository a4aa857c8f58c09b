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

from filelock import FileLock, Timeout

from d2_assets.demo_report import FIRST_MONTH, PAIR, STOCK_PAIR, report, report_stock
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

_MOVED = 'group:metadata or key:"data/data_values"'
#: A relationship may reach into any month before its own, so these travel with their history.
_TRACKED = 'key:"data/events" or key:"data/tracker"'
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
                f"{STOCK_PAIR}|{month}", "group:stock", environ, words
            ) and report_stock(month, dagster_home)
            print(f"Moving the metadata, and {month}, from the source to the destination.")
            history = f"{PAIR}|{FIRST_MONTH}...{PAIR}|{date.today():%Y%m}"
            equal = (
                equal
                and materialise(f"{PAIR}|{month}", _MOVED, environ, words)
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
