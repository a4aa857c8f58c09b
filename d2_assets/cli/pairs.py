"""``d2-assets pairs``: what moves from which server to which, edited in the settings file."""

from typing import Annotated

import typer

from d2_assets.cli.options import Config, given
from d2_assets.cli.tables import pairs_table, show
from d2_assets.settings import add_pair, find_settings_file, load_settings, remove_pair
from d2_assets.settings.vocabulary import ExecutionMode, ImportStrategy, MergeMode, SyncType

app = typer.Typer(no_args_is_help=True, help="What moves from which server to which.")


@app.command("list")
def pairs_list(config: Config = None) -> None:
    """Show the pairs of the settings file."""
    show(pairs_table(load_settings(config).pairs))


@app.command("add")
def pairs_add(
    source: Annotated[str, typer.Argument(help="Name of the instance that data come from.")],
    destination: Annotated[str, typer.Argument(help="Name of the instance that they go to.")],
    name: Annotated[str | None, typer.Option(help="Else it is source--destination.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    sync_type: Annotated[SyncType, typer.Option(help="What moves.")] = "data",
    execution_mode: Annotated[ExecutionMode, typer.Option(help="When it moves.")] = "manual",
    data_set: Annotated[list[str] | None, typer.Option(help="UID; may be repeated.")] = None,
    program: Annotated[list[str] | None, typer.Option(help="UID; may be repeated.")] = None,
    org_unit: Annotated[
        list[str] | None, typer.Option(help="UID of a root, with all below; may be repeated.")
    ] = None,
    start_date: Annotated[str | None, typer.Option(help="First day, like 2024-01-31.")] = None,
    end_date: Annotated[str | None, typer.Option(help="Last day; else today.")] = None,
    import_strategy: Annotated[
        ImportStrategy | None, typer.Option(help="Else CREATE_AND_UPDATE.")
    ] = None,
    merge_mode: Annotated[MergeMode | None, typer.Option(help="Else REPLACE.")] = None,
    config: Config = None,
) -> None:
    """Add a pair to the settings file; its comments stay. Further settings are written there."""
    filters = given(
        data_sets=data_set,
        programs=program,
        org_units=org_unit,
        start_date=start_date,
        end_date=end_date,
    )
    pair = given(
        name=name,
        source=source,
        destination=destination,
        description=description,
        sync_type=sync_type,
        execution_mode=execution_mode,
        filters=filters,
        import_strategy=import_strategy,
        merge_mode=merge_mode,
    )
    settings = add_pair(find_settings_file(config), pair)
    typer.echo(f"Pair {settings.pairs[-1].name} is added to {settings.file}.")


@app.command("remove")
def pairs_remove(name: str, config: Config = None) -> None:
    """Remove a pair from the settings file."""
    settings = remove_pair(find_settings_file(config), name)
    typer.echo(f"Pair {name} is removed from {settings.file}.")
