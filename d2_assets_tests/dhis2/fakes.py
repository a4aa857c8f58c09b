"""A session without a network: it keeps what it was asked and answers as it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from d2_assets.http.answers import Answer

Params = dict[str, Any]


@dataclass
class FakeSession:
    """``answer(path, params)`` gives a JSON value, an ``Answer`` for a post, bytes for a file."""

    answer: Callable[[str, Params], Any]
    base_url: str = "https://dhis2.example.org"
    server: str = "national: https://dhis2.example.org"
    asked: list[tuple[str, Params]] = field(default_factory=list)
    sent: list[tuple[bytes, bool]] = field(default_factory=list)

    def get_json(self, path: str, params: Params | None = None) -> Any:
        self.asked.append((path, params or {}))
        return self.answer(path, params or {})

    def download(self, path: str, params: Params, to: Path) -> int:
        self.asked.append((path, params))
        return to.write_bytes(self.answer(path, params))

    def download_file(self, path: str, params: Params | None, to: Path) -> int:
        return self.download(path, params or {}, to)

    def post_file(
        self, path: str, params: Params | None, file: Path, name: str, kind: str
    ) -> Answer:
        self.asked.append((path, params or {}))
        self.sent.append((file.read_bytes(), False))
        return self.answer(path, {"name": name, "kind": kind})

    def post_json(
        self, path: str, params: Params | None, body: bytes, *, gzip: bool = False
    ) -> Answer:
        self.asked.append((path, params or {}))
        self.sent.append((body, gzip))
        return self.answer(path, params or {})
