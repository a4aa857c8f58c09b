"""The command ``d2-assets``: settings checked and edited, servers tested, the sandbox started.

What goes wrong is told in words on the error stream, with exit code 1. Rooms that load slowly are
imported inside their command, so that help comes at once.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from d2_assets.cli import config, dev, instances, pairs, sandbox
from d2_assets.errors import D2AssetsError


class _InWords(TyperGroup):
    """Tells an error of the product in words; any other is a defect and keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except D2AssetsError as error:
            typer.echo(f"Error: {error.message.rstrip()}", err=True)
            if error.remedy:
                typer.echo(f"What to do: {error.remedy}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_InWords,
    no_args_is_help=True,
    add_completion=False,
    help="Move health data whole from one DHIS2 to another, and see that it did.",
)
app.add_typer(config.app, name="config")
app.add_typer(instances.app, name="instances")
app.add_typer(pairs.app, name="pairs")
app.add_typer(sandbox.app, name="sandbox")
app.command("dev")(dev.dev)
