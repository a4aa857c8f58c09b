"""What the commands take alike."""

from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[
    Path | None,
    typer.Option(help="Settings file; else D2_ASSETS_CONFIG, else the sandbox's.", metavar="FILE"),
]


def given(**values: Any) -> dict[str, Any]:
    """The options that were given, for the file to hold no others."""
    return {key: value for key, value in values.items() if value not in (None, [], {})}
