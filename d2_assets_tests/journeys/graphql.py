"""What the pages of the UI ask, asked directly."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen


def ask(url: str, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The data that GraphQL answers with; AssertionError where it answers with errors."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    request = Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        said = json.load(answer)
    assert "errors" not in said, said
    return said["data"]
