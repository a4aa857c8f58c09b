"""Servers that repeat what they were sent, in every way that servers do."""

import json
import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.parse import quote

from d2_assets.sandbox import Sandbox
from d2_assets_tests.http.server import Asked, Reply


def forward(sandbox: Sandbox, asked: Asked) -> Reply:
    """What the real server answers."""
    headers = {
        name: value
        for name, value in asked.headers.items()
        if name.lower() not in ("host", "content-length", "connection")
    }
    request = urllib.request.Request(
        sandbox.url + asked.path, asked.body or None, headers, method=asked.method
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return Reply(answer.read(), answer.status, {"Content-Type": "application/json"})
    except HTTPError as answer:
        with answer:
            return Reply(answer.read(), answer.code, {"Content-Type": "application/json"})


def say(asked: Asked, secrets: tuple[str, ...]) -> str:
    return f"Authorization: {asked.headers['Authorization']}, that is {' and '.join(secrets)}"


def as_page(words: str) -> Reply:
    return Reply(f"<title>{words}</title>".encode(), 200, {"Content-Type": "text/html"})


def as_text(words: str) -> Reply:
    return Reply(words.encode(), 200, {"Content-Type": "text/plain"})


def as_redirect(words: str) -> Reply:
    quoted = quote(words, safe="")
    return Reply(b"", 302, {"Location": f"https://{quoted}@sso.example.org/?t={quoted}"})


def as_refusal(words: str, status: int = 400) -> Reply:
    return Reply(json.dumps({"message": words, "errorCode": words}).encode(), status)


def as_report(words: str) -> Reply:
    """An import that refuses a row and says why in words of its own."""
    report = {
        "status": "ERROR",
        "description": words,
        "importCount": {"imported": 0, "updated": 0, "ignored": 1, "deleted": 0},
        "conflicts": [{"object": words, "value": words, "errorCode": "E1", "indexes": [0]}],
        "rejectedIndexes": [0],
    }
    return Reply(json.dumps({"message": words, "response": report}).encode(), 409)


Speak = Callable[[str], Reply]
SPEAKERS: dict[str, Speak] = {
    "page": as_page,
    "text": as_text,
    "redirect": as_redirect,
    "400": as_refusal,
    "401": lambda words: as_refusal(words, 401),
    "500": lambda words: as_refusal(words, 500),
    "503": lambda words: Reply(words.encode(), 503),
}
