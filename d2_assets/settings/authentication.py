"""How an account signs in: basic auth or a personal access token, its secret named, not stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from d2_assets.settings.fields import SettingsModel, Variable
from d2_assets.settings.mistakes import refuse
from d2_assets.settings.secrets import SecretReference


class BasicAuth(SettingsModel):
    """A user name, and where its password is found."""

    username: str = Field(min_length=1)
    password_env: Variable | None = None
    """Environment variable that holds the password."""
    password_file: Path | None = None
    """File that holds the password; a relative path starts at the settings file."""
    client_id: str = "user-client"
    """OpenLMIS alone: the OAuth client that asks for tokens."""
    client_secret_env: Variable | None = None
    """OpenLMIS alone: environment variable that holds the client's secret. Without one it is the
    public default, which every site should have changed."""

    @model_validator(mode="after")
    def _in_one_place(self) -> Self:
        _check_one_place("password", self.password_env, self.password_file)
        return self

    def client_secret_of(self, owner: str) -> SecretReference | None:
        """Where the secret of the OAuth client is found; None: it is the public default."""
        return SecretReference(owner, self.client_secret_env) if self.client_secret_env else None

    def secret_of(self, owner: str) -> SecretReference:
        """Where the password of the instance ``owner`` is found."""
        return SecretReference(owner, self.password_env or "", self.password_file)


class TokenAuth(SettingsModel):
    """A DHIS2 personal access token, or the API key of an OpenLMIS service account, named by where
    it is found."""

    token_env: Variable | None = None
    """Environment variable that holds the token."""
    token_file: Path | None = None
    """File that holds the token; a relative path starts at the settings file."""

    @model_validator(mode="after")
    def _in_one_place(self) -> Self:
        _check_one_place("token", self.token_env, self.token_file)
        return self

    def secret_of(self, owner: str) -> SecretReference:
        """Where the token of the instance ``owner`` is found."""
        return SecretReference(owner, self.token_env or "", self.token_file)


def _check_one_place(what: str, variable: str | None, file: Path | None) -> None:
    if (variable is None) == (file is None):
        raise refuse(
            f"The {what} must be found in exactly one place.",
            f"Give either {what}_env or {what}_file.",
        )


def _choose_auth(value: Any) -> str:
    if isinstance(value, TokenAuth):
        return "token"
    keys = value if isinstance(value, Mapping) else ()
    return "token" if any(str(key).startswith("token") for key in keys) else "basic"


Auth = Annotated[
    Annotated[BasicAuth, Tag("basic")] | Annotated[TokenAuth, Tag("token")],
    Discriminator(_choose_auth),
]
