"""What the pages of the UI ask, asked directly."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

_LAUNCH = """
    mutation ($tags: [ExecutionTag!]!) {
      launchRun(executionParams: {
        selector: {repositoryLocationName: "d2_assets.definitions",
                   repositoryName: "__repository__", jobName: "data"},
        executionMetadata: {tags: $tags}
      }) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on PythonError { message }
      }
    }
"""


def ask(url: str, document: str, variables: Mapping[str, Any], user: str = "") -> dict[str, Any]:
    """The data that GraphQL answers with, to a user whom the proxy in front names where one is
    given; AssertionError where it answers with errors."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    if user:
        headers["X-Forwarded-User"] = user
    request = Request(f"{url}/graphql", body, headers)
    with urlopen(request, timeout=60) as answer:
        said = json.load(answer)
    assert "errors" not in said, said
    return said["data"]


def launch_month(url: str, pair: str, month: str, user: str = "") -> str:
    """Launch the job ``data`` for a month of a pair; gives the id of the run."""
    tags = {
        "dagster/partition": f"{pair}|{month}",
        "dagster/partition/pair": pair,
        "dagster/partition/period": month,
    }
    listed = [{"key": key, "value": tags[key]} for key in tags]
    said = ask(url, _LAUNCH, {"tags": listed}, user)["launchRun"]
    assert said["__typename"] == "LaunchRunSuccess", said
    return said["run"]["runId"]
