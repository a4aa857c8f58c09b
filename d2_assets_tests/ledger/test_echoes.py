"""What a server insists on is remembered by fingerprints, and nothing rests on a damaged memory."""

from pathlib import Path

from d2_assets.ledger.echoes import load_echoes, record_echoes

NOTED = {
    ("dataElements", "anc", "description"): ("wanted", "found"),
    ("options", "male", "style"): ("other", "thing"),
}


def test_what_was_noted_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "echoes.parquet"
    assert load_echoes(path) == {}
    record_echoes(path, NOTED)
    assert load_echoes(path) == NOTED
    record_echoes(path, {})
    assert load_echoes(path) == {}


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "echoes.parquet"
    record_echoes(path, {})
    assert not path.exists()
    record_echoes(path, NOTED)
    written = path.stat().st_mtime_ns
    record_echoes(path, dict(reversed(NOTED.items())))
    assert path.stat().st_mtime_ns == written


def test_a_damaged_memory_says_nothing_and_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "echoes.parquet"
    record_echoes(path, NOTED)
    path.write_bytes(b"damaged")
    assert load_echoes(path) == {}
    record_echoes(path, NOTED)
    assert load_echoes(path) == NOTED
