"""``d2-assets config``: is the settings file in order, and what may stand in it?"""

from pathlib import Path
from typing import Annotated

import typer

from d2_assets.cli.middleware import config_import
from d2_assets.cli.options import Config
from d2_assets.cli.tables import instances_table, pairs_table, show
from d2_assets.settings import load_settings, render_json_schema, write_json_schema

app = typer.Typer(no_args_is_help=True, help="Check the settings file.")
app.command("import")(config_import)


@app.command("check")
def config_check(config: Config = None) -> None:
    """Show instances and pairs, or every mistake with its line and its mend."""
    settings = load_settings(config)
    typer.echo(f"{settings.file} is in order. Data are kept in {settings.home}.")
    show(instances_table(settings.instances), pairs_table(settings.pairs))


@app.command("schema")
def config_schema(
    output: Annotated[
        Path | None, typer.Option(help="File to write; else it is printed.", metavar="FILE")
    ] = None,
) -> None:
    """Give the JSON schema of the settings file, for editors that complete and check."""
    if output is None:
        typer.echo(render_json_schema(), nl=False)
    else:
        write_json_schema(output)
        typer.echo(f"The schema is in {output}.")
