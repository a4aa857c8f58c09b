"""Requests to a sandbox in a line, and the objects that tests write to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A data set to write to: two of its elements that count things, and two of its units."""

    data_set: str
    elements: tuple[str, ...]
    units: tuple[str, ...]

    def row(self, value: Any = "7", **members: Any) -> Body:
        """A good row, with members changed."""
        row = {
            "dataElement": self.elements[0],
            "period": "202610",
            "orgUnit": self.units[0],
            "value": value,
        }
        return row | members


def ask(
    sandbox: Sandbox, path: str, *, username: str = "admin", **params: Any
) -> requests.Response:
    """GET as one of the sandbox's accounts."""
    return requests.get(
        f"{sandbox.url}{path}", params=params, auth=(username, read_password()), timeout=30
    )


def send(
    sandbox: Sandbox,
    form: Form,
    rows: Sequence[Body],
    *,
    username: str = "admin",
    **params: Any,
) -> requests.Response:
    """POST data values of a data set."""
    return requests.post(
        f"{sandbox.url}/api/dataValueSets",
        params=params,
        json={"dataSet": form.data_set, "dataValues": list(rows)},
        auth=(username, read_password()),
        timeout=60,
    )


def ask_with_token(sandbox: Sandbox, token: str, path: str = "/api/me") -> requests.Response:
    """GET with a personal access token."""
    return requests.get(
        f"{sandbox.url}{path}", headers={"Authorization": f"ApiToken {token}"}, timeout=30
    )


def find_form(sandbox: Sandbox, code: str = "HF_MONTHLY") -> Form:
    """The monthly form: elements of the default combo first."""
    data_set = next(s for s in sandbox.store.metadata("dataSets") if s["code"] == code)
    wanted = {"ANC_1", "ANC_4", "DELIVERIES"}
    elements = [e["id"] for e in sandbox.store.metadata("dataElements") if e["code"] in wanted]
    units = [unit["id"] for unit in data_set["organisationUnits"]]
    return Form(data_set["id"], tuple(elements), tuple(units))


def find_element(sandbox: Sandbox, code: str) -> str:
    """The UID of a data element by its code."""
    return next(e["id"] for e in sandbox.store.metadata("dataElements") if e["code"] == code)


def find_root(sandbox: Sandbox) -> str:
    """The UID of the country."""
    return next(u["id"] for u in sandbox.store.metadata("organisationUnits") if u["level"] == 1)
