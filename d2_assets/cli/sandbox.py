"""``d2-assets sandbox``: stand-in servers, DHIS2 and OpenLMIS, for demos, tests and learning."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Stand-in servers to try things on.")


@app.command("up")
def sandbox_up(
    values: Annotated[int, typer.Option(min=1, max=1_000_000, help="Data values made.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same content.")] = 2026,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port_240: Annotated[int, typer.Option(help="Port of the 2.40 server.")] = 18040,
    port_243: Annotated[int, typer.Option(help="Port of the 2.43 server.")] = 18043,
    port_openlmis: Annotated[int, typer.Option(help="Port of the OpenLMIS server.")] = 18060,
    home: Annotated[Path, typer.Option(help="Where its state is kept.")] = Path(
        ".d2_assets/sandbox"
    ),
    destination_data: Annotated[
        bool, typer.Option("--destination-data", help="Give data values to the 2.43 server too.")
    ] = False,
    org_units: Annotated[
        int, typer.Option(min=0, max=100_000, help="Org units made, at least.")
    ] = 0,
    data_elements: Annotated[
        int, typer.Option(min=0, max=100_000, help="Data elements made, at least.")
    ] = 0,
    events: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Events without registration made.")
    ] = 2_000,
    entities: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Tracked entities made.")
    ] = 500,
    empty_destination: Annotated[
        bool, typer.Option("--empty-destination", help="Let the 2.43 server hold nothing yet.")
    ] = False,
) -> None:
    """Serve two stand-in DHIS2 servers, 2.40 and 2.43, and an OpenLMIS, until Ctrl+C."""
    from d2_assets.sandbox.command import run_sandbox

    run_sandbox(
        values=values,
        seed=seed,
        host=host,
        port_240=port_240,
        port_243=port_243,
        port_openlmis=port_openlmis,
        home=home,
        destination_data=destination_data,
        org_units=org_units,
        data_elements=data_elements,
        empty_destination=empty_destination,
        events=events,
        entities=entities,
    )
