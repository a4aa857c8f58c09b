"""``d2-assets instances``: the servers of the settings file, edited and tested."""

from dataclasses import astuple
from typing import Annotated

import typer

from d2_assets.cli.options import Config, given
from d2_assets.cli.tables import build_table, instances_table, show
from d2_assets.errors import ConfigurationError
from d2_assets.settings import add_instance, find_settings_file, load_settings, remove_instance
from d2_assets.settings.vocabulary import Kind, Role

app = typer.Typer(no_args_is_help=True, help="The servers of the settings file.")

_BESIDE_THE_FILE = "A relative path starts at the settings file."

#: Headings of the fields of ``InstanceReport``, in their order, up to its message.
_PROBED = (
    "Instance",
    "Reachable",
    "System",
    "Version",
    "Server date",
    "Account",
    "Org units",
    "May write",
)


@app.command("list")
def instances_list(config: Config = None) -> None:
    """Show the instances of the settings file."""
    show(instances_table(load_settings(config).instances))


@app.command("add")
def instances_add(
    name: Annotated[str, typer.Argument(help="A name of its own, like national-hmis.")],
    url: Annotated[str, typer.Argument(help="The address as it reads before the login page.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = "dhis2",
    role: Annotated[Role, typer.Option(help="Whether data come from it, go to it, or both.")] = (
        "both"
    ),
    username: Annotated[str | None, typer.Option(help="Account of basic auth.")] = None,
    password_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the password.")
    ] = None,
    password_file: Annotated[
        str | None, typer.Option(help=f"File that holds the password. {_BESIDE_THE_FILE}")
    ] = None,
    token_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds a personal access token.")
    ] = None,
    token_file: Annotated[
        str | None, typer.Option(help=f"File that holds the token. {_BESIDE_THE_FILE}")
    ] = None,
    ca_file: Annotated[
        str | None, typer.Option(help=f"Own certificate authority (PEM). {_BESIDE_THE_FILE}")
    ] = None,
    allow_http: Annotated[
        bool | None, typer.Option("--allow-http", help="Permit http://, which is not encrypted.")
    ] = None,
    timeout_seconds: Annotated[
        float | None, typer.Option(help="Longest wait for an answer; 120 if not given.")
    ] = None,
    config: Config = None,
) -> None:
    """Add an instance to the settings file; its comments stay. Secrets are named, not given.

    A file that is not there yet is begun with it.
    """
    auth = given(
        username=username,
        password_env=password_env,
        password_file=password_file,
        token_env=token_env,
        token_file=token_file,
    )
    if not auth.keys() & {"username", "token_env", "token_file"}:
        raise ConfigurationError(
            f"Nobody is named who signs in to {name}.",
            remedy="Add --username with --password-env or --password-file; or, for a personal "
            "access token, --token-env or --token-file.",
        )
    instance = {"name": name, "kind": kind, "url": url, "auth": auth, "role": role}
    optional = given(ca_file=ca_file, allow_http=allow_http, timeout_seconds=timeout_seconds)
    settings = add_instance(find_settings_file(config), instance | optional)
    typer.echo(f"Instance {name} is added to {settings.file}.")
    typer.echo(f"Test it with: d2-assets instances test {name}")


@app.command("remove")
def instances_remove(name: str, config: Config = None) -> None:
    """Remove an instance from the settings file; refused while pairs use it."""
    settings = remove_instance(find_settings_file(config), name)
    typer.echo(f"Instance {name} is removed from {settings.file}.")


@app.command("test")
def instances_test(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; all active ones if none is named.")
    ] = None,
    config: Config = None,
) -> None:
    """Sign in to each instance and show what it is and what the account may do; writes nothing."""
    from d2_assets.sync.probe import probe_instances

    reports = probe_instances(load_settings(config), names or ())
    show(build_table(_PROBED, [astuple(report)[: len(_PROBED)] for report in reports]))
    # Below the table: nobody reads a sentence in a column of ten letters.
    for report in reports:
        if report.message:
            typer.echo(report.message)
    if any(report.message for report in reports):
        raise typer.Exit(1)
