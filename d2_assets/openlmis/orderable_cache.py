"""The products of a server as they were last read, so that an unchanged list is not sent again.

OpenLMIS answers 304 without a body to whoever has its list of orderables already. The file is
whole or not there; one that cannot be read, or is another server's, is no file.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from d2_assets.disk import flush_to_disk, name_disk_errors

_NAME = "orderables.json"


@dataclass(frozen=True, slots=True)
class Orderable:
    """A product; ``net_content``: dispensing units in a pack."""

    id: str
    code: str
    name: str
    net_content: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Products and the Last-Modified of the answer that they stood in; empty: nothing is kept."""

    stamp: str = ""
    orderables: tuple[Orderable, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderableCache:
    """A file in ``folder`` for the server at ``url``."""

    folder: Path
    url: str

    def read(self) -> Kept:
        """What is kept of this server."""
        try:
            found = json.loads((self.folder / _NAME).read_text(encoding="utf-8"))
            return self._parse(found)
        except (OSError, ValueError, KeyError, TypeError):
            return Kept()  # they are asked for

    def _parse(self, found: Mapping[str, Any]) -> Kept:
        if found["url"] != self.url or not isinstance(found["stamp"], str):
            return Kept()
        return Kept(found["stamp"], tuple(Orderable(**one) for one in found["orderables"]))

    def write(self, kept: Kept) -> None:
        """Keep them, whole or not at all."""
        path = self.folder / _NAME
        partial = path.with_name(f"{_NAME}.{os.getpid()}.part")
        content = {"url": self.url, **asdict(kept)}
        with name_disk_errors(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(content), encoding="utf-8")
            flush_to_disk(partial)
            os.replace(partial, path)
