"""``d2-assets dev``: the Dagster UI and its daemon, with your own settings file."""

from pathlib import Path
from typing import Annotated

import typer

from d2_assets.settings import load_settings


def dev(
    port: Annotated[int, typer.Option(help="The next free one is taken if it is not.")] = 3000,
) -> None:
    """Serve the Dagster UI on this machine until Ctrl+C (settings: D2_ASSETS_CONFIG)."""
    from d2_assets.serve import serve

    settings = load_settings()
    typer.echo(f"Settings: {settings.file}")
    serve(port, Path(settings.home))
