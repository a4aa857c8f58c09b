"""Metadata imports in a line, and bodies that a server takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password

Body = dict[str, Any]

DEFAULT_COMBO = "bjDvmb4bfuf"


def post(
    sandbox: Sandbox,
    classes: Mapping[str, Sequence[Body]],
    *,
    username: str = "admin",
    **params: str,
) -> requests.Response:
    """``POST /api/metadata``, all or nothing unless ``atomicMode`` says otherwise."""
    return requests.post(
        f"{sandbox.url}/api/metadata",
        params=params,
        json=classes,
        auth=(username, read_password()),
        timeout=60,
    )


def maintain(sandbox: Sandbox, task: str = "", **params: str) -> int:
    """``POST /api/maintenance``: the status."""
    path = f"/api/maintenance/{task}".rstrip("/")
    account = ("admin", read_password())
    return requests.post(
        f"{sandbox.url}{path}", params=params, auth=account, timeout=60
    ).status_code


def stats(answer: requests.Response) -> Body:
    """The counters that are not 0."""
    return {name: count for name, count in answer.json()["response"]["stats"].items() if count}


def codes(answer: requests.Response) -> list[str]:
    """The error codes of all objects, in order."""
    return [
        error["errorCode"]
        for of_class in answer.json()["response"]["typeReports"]
        for of_object in of_class["objectReports"]
        for error in of_object["errorReports"]
    ]


def element(number: int, **members: Any) -> Body:
    """A good data element."""
    body = {
        "id": f"ImportedE{number:02d}",
        "name": f"Imported {number}",
        "shortName": f"Imported {number}",
        "code": f"IMPORTED_{number}",
        "domainType": "AGGREGATE",
        "valueType": "NUMBER",
        "aggregationType": "SUM",
        "categoryCombo": {"id": DEFAULT_COMBO},
    }
    return body | members


def unit(letter: str, parent: str | None = None, **members: Any) -> Body:
    """A good organisation unit, under another by its letter."""
    body: Body = {
        "id": f"ImportedOu{letter}",
        "name": f"Unit {letter}",
        "shortName": f"Unit {letter}",
        "openingDate": "2020-01-01T00:00:00.000",
    }
    return body | ({"parent": {"id": f"ImportedOu{parent}"}} if parent else {}) | members


def disaggregation() -> dict[str, list[Body]]:
    """A category combo of two categories with two options each, without option combos."""
    options = ["Male", "Female", "Young", "Old"]
    return {
        "categoryOptions": [
            {"id": f"CatOption{n:02d}", "name": name, "shortName": name}
            for n, name in enumerate(options)
        ],
        "categories": [
            {
                "id": f"Category0{n:02d}",
                "name": name,
                "shortName": name,
                "dataDimensionType": "DISAGGREGATION",
                "categoryOptions": [
                    {"id": f"CatOption{2 * n:02d}"},
                    {"id": f"CatOption{2 * n + 1:02d}"},
                ],
            }
            for n, name in enumerate(["Sex", "Age"])
        ],
        "categoryCombos": [
            {
                "id": "CatCombo001",
                "name": "Sex and age",
                "dataDimensionType": "DISAGGREGATION",
                "categories": [{"id": "Category000"}, {"id": "Category001"}],
            }
        ],
    }


def option_combos(count: int = 4) -> list[Body]:
    """Option combos of that combo, all of them or the first."""
    pairs = [(0, 2), (0, 3), (1, 2), (1, 3)][:count]
    return [
        {
            "id": f"OptCombo{a}{b}0",
            "name": f"{a}, {b}",
            "categoryCombo": {"id": "CatCombo001"},
            "categoryOptions": [{"id": f"CatOption{a:02d}"}, {"id": f"CatOption{b:02d}"}],
        }
        for a, b in pairs
    ]
