"""Secrets are read where they are used and nowhere kept: the settings hold only their place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from d2_assets.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where the secret of the instance ``owner`` is found: an environment variable or a file."""

    owner: str
    variable: str = ""
    file: Path | None = None


def read_secret(reference: SecretReference, environ: Mapping[str, str] | None, base: Path) -> str:
    """The secret itself, without the newline an editor leaves at its end.

    ``environ`` is the process's own where it is None. A relative file starts at ``base``, the
    folder of the settings file. ConfigurationError where the variable or the file is missing or
    empty; it names the place, never the secret.
    """
    if reference.file is None:
        return _read_variable(reference, os.environ if environ is None else environ)
    return _read_file(reference.owner, base / reference.file.expanduser())


def read_variable(name: str, environ: Mapping[str, str] | None = None) -> str:
    """What a variable holds that a setting names; ConfigurationError where it is not set."""
    return _read_variable(SecretReference(name, name), os.environ if environ is None else environ)


def _read_variable(reference: SecretReference, environ: Mapping[str, str]) -> str:
    secret = environ.get(reference.variable, "")
    if secret:
        return secret
    raise ConfigurationError(
        f"The secret of instance {reference.owner} is missing: "
        f"the environment variable {reference.variable} is not set, or empty.",
        remedy=f"Set {reference.variable} where d2_assets is started.",
    )


def _read_file(owner: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(
            f"The secret of instance {owner} cannot be read from {path}: {reason}.",
            remedy="Put the secret alone into that file and let this account read it.",
        ) from None
    if secret:
        return secret
    raise ConfigurationError(
        f"The secret of instance {owner} is missing: {path} is empty.",
        remedy="Put the secret alone into that file.",
    )
