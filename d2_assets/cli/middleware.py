"""``d2-assets config import``: from the older OpenLMIS-DHIS2 middleware to settings of ours."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from d2_assets.cli.options import Config
from d2_assets.disk import name_disk_errors
from d2_assets.errors import ConfigurationError
from d2_assets.settings import add_instance, add_pair, find_settings_file
from d2_assets.settings.older_middleware import convert_middleware


def config_import(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Holds servers.csv, shared_facilities.csv, data_elements.csv, datasets.csv and "
            "schedules.csv.",
            exists=True,
            file_okay=False,
        ),
    ],
    url: Annotated[str, typer.Option(help="Address of the OpenLMIS.")],
    username: Annotated[str, typer.Option(help="Account of the OpenLMIS that may view stock.")],
    name: Annotated[str, typer.Option(help="Name of the OpenLMIS instance.")] = "openlmis",
    password_env: Annotated[
        str, typer.Option(help="Environment variable that holds that account's password.")
    ] = "OPENLMIS_PASSWORD",
    config: Config = None,
) -> None:
    """Make instances, pairs and mapping files from those of the older middleware.

    Passwords are not taken over: set the variables that are named.
    """
    file = find_settings_file(config)
    found = convert_middleware(folder, name)
    targets = {file.parent / target: rows for target, rows in found.files.items()}
    taken = [str(target) for target in targets if target.exists()]
    if taken:
        raise ConfigurationError(
            f"{taken[0]} exists already. Nothing was written.",
            remedy="Move it away, or use another settings file.",
            file=taken[0],
        )
    source = {
        "name": name,
        "kind": "openlmis",
        "url": url,
        "role": "source",
        "auth": {"username": username, "password_env": password_env},
    }
    for instance in (source, *found.instances):
        add_instance(file, instance)
    for pair in found.pairs:
        add_pair(file, pair)
    for target, rows in targets.items():
        _write(target, rows)
        typer.echo(f"{target}: {len(rows) - 1} rows.")
    variables = [password_env, *(one["auth"]["password_env"] for one in found.instances)]
    typer.echo(f"{file}: {len(found.pairs)} pairs. Set {', '.join(variables)}.")
    for problem in found.problems:
        typer.echo(f"Left out: {problem}", err=True)


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with name_disk_errors(path), path.open("x", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
