"""Who took quarantined rows off the work list, when and why: an append-only log.

One line of JSON a row and decision. A discard holds for the row as it was: once its content changes
at the source, the row is tried again. A later line may take a discard back.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa

from d2_assets.errors import ConfigurationError, ContractError
from d2_assets.staging.database import Database


@dataclass(frozen=True, slots=True)
class Decision:
    """``name`` discarded or restored a row ``at`` a time (ISO, UTC) for a ``reason``; ``row`` is
    the row of the work list as it was."""

    at: str
    action: Literal["discard", "restore"]
    name: str
    reason: str
    row: Mapping[str, Any]


def append_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions to the end of the log; they are on disk when this returns."""
    lines = b"".join(orjson.dumps(asdict(decision)) + b"\n" for decision in decisions)
    try:
        with path.open("a+b") as file:
            _mend_end(file)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(
            f"The log of discards {path} cannot be written: {error.strerror or error}.",
            remedy=f"Free space on that disk or make {path.parent} writable, then run again.",
        ) from error


def read_discards(path: Path) -> list[Decision]:
    """The discards that hold, oldest first. ContractError names a line that cannot be read."""
    held: dict[tuple[str, Any], Decision] = {}
    for decision in _read_decisions(path):
        uid = decision.row["id"]
        if decision.action == "discard":
            held[uid, decision.row["digest"]] = decision
        else:
            held = {key: other for key, other in held.items() if key[0] != uid}
    return list(held.values())


def load_discards(database: Database, path: Path) -> None:
    """Make the table ``discarded`` (``digest``): rows as they were when a person discarded them."""
    digests = {decision.row["digest"] for decision in read_discards(path)} - {None}
    database.load("discarded", pa.table({"digest": pa.array(sorted(digests), pa.uint64())}))


def _read_decisions(path: Path) -> Iterator[Decision]:
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines[:-1], start=1):
        try:
            yield _parse(line)
        except (ValueError, TypeError, KeyError) as error:
            raise ContractError(
                f"Line {number} of the log of discards {path} cannot be read.",
                remedy="Mend the line or put the file back from a backup: while it is damaged, "
                "nobody knows which rows were discarded. Nothing was sent.",
                findings=[f"{path}:{number}"],
            ) from error
    # What follows the last line's end was torn by a power cut before anyone was told it is done.


def _parse(line: bytes) -> Decision:
    decision = Decision(**orjson.loads(line))
    _ = decision.row["id"], decision.row["digest"]
    return decision


def _mend_end(file: Any) -> None:
    """Cut off a line that a power cut left half written."""
    file.seek(0)
    whole = file.read().rfind(b"\n") + 1
    file.truncate(whole)
