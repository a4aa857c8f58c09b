from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest

from d2_assets.errors import ConfigurationError, ContractError
from d2_assets.ledger.discards import Decision, append_decisions, load_discards, read_discards
from d2_assets.staging.database import Database, open_database


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "discards.jsonl"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def _decide(
    uid: str, digest: int | None = 1, action: Literal["discard", "restore"] = "discard"
) -> Decision:
    row: dict[str, Any] = {"id": uid, "digest": digest, "value": "é"}
    return Decision("2025-11-20T10:00:00+00:00", action, "Awa Diop", "Entered twice.", row)


def test_without_a_log_nothing_is_discarded(log: Path, database: Database) -> None:
    load_discards(database, log)
    assert read_discards(log) == []
    assert database.value("SELECT count(*) FROM discarded") == 0


def test_what_was_written_is_read_again(log: Path) -> None:
    append_decisions(log, [_decide("a")])
    append_decisions(log, [_decide("b", 2)])
    assert read_discards(log) == [_decide("a"), _decide("b", 2)]


def test_the_fingerprints_of_discarded_rows_are_a_table(log: Path, database: Database) -> None:
    append_decisions(log, [_decide("a", 2**64 - 1), _decide("a", 5), _decide("b", None)])
    load_discards(database, log)
    assert database.rows("SELECT digest FROM discarded ORDER BY 1") == [(5,), (2**64 - 1,)]


def test_a_discard_that_was_taken_back_does_not_hold(log: Path) -> None:
    append_decisions(log, [_decide("a"), _decide("a", 2), _decide("b", 3)])
    append_decisions(log, [_decide("a", action="restore")])
    assert read_discards(log) == [_decide("b", 3)]
    append_decisions(log, [_decide("a", 2)])
    assert read_discards(log) == [_decide("b", 3), _decide("a", 2)]


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_line_that_a_power_cut_tore_was_never_there(log: Path, cut: int) -> None:
    append_decisions(log, [_decide("a"), _decide("b", 2)])
    log.write_bytes(log.read_bytes()[:-cut])
    assert read_discards(log) == [_decide("a")]
    append_decisions(log, [_decide("c", 3)])
    assert read_discards(log) == [_decide("a"), _decide("c", 3)]


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"at": 1}', b"", b"\xff"])
def test_another_line_that_cannot_be_read_is_named(log: Path, line: bytes) -> None:
    append_decisions(log, [_decide("a")])
    log.write_bytes(log.read_bytes() + line + b"\n" + log.read_bytes())
    with pytest.raises(ContractError, match=r"Line 2 of the log of discards .*discards\.jsonl"):
        read_discards(log)


def test_a_row_without_id_or_fingerprint_is_named(log: Path) -> None:
    append_decisions(log, [_decide("a")])
    line = orjson.loads(log.read_bytes()) | {"row": {"value": "5"}}
    log.write_bytes(orjson.dumps(line) + b"\n")
    with pytest.raises(ContractError, match="Line 1"):
        read_discards(log)


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(ConfigurationError, match="log cannot be written"):
        append_decisions(tmp_path / "log", [_decide("a")])
