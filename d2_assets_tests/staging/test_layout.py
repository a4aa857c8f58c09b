from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.staging.layout import Home


def test_every_path_can_be_guessed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    pair = "national--training"
    assert home.staging("data_values", pair, ["202511"]) == (
        tmp_path / "staging/data_values/national--training/202511"
    )
    assert home.staging("data_values", pair, ["202511", "202509", "202510"]).name == (
        "202509-202511"
    )
    assert home.ledger("data_values", pair, "202511") == (
        tmp_path / "ledger/data_values/national--training/202511.parquet"
    )
    assert home.quarantine("data_values", pair, "202511") == (
        tmp_path / "quarantine/data_values/national--training/202511.parquet"
    )
    assert home.outside("data_values", pair).name == "outside.json"
    assert home.leases() == tmp_path / "leases"


def test_the_folders_are_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    assert home.staging("data_values", "a--b", ["202511"]).is_dir()
    assert home.ledger("data_values", "a--b", "202511").parent.is_dir()
    assert home.quarantine("data_values", "a--b", "202511").parent.is_dir()
    assert home.leases().is_dir()


def test_pairs_whose_names_are_unsafe_have_folders_of_their_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folders = {home.staging("data_values", name, ["202511"]) for name in ("A/b", "a/b", "../a-b")}
    assert len(folders) == 3
    assert all(folder.is_relative_to(tmp_path / "staging/data_values") for folder in folders)


def test_a_home_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"taken.*cannot be made") as refused:
        Home(taken).leases()
    assert "D2_ASSETS_HOME" in refused.value.remedy


def test_a_home_that_stands_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = Home(tmp_path / "file" / "below" / "home")
    with pytest.raises(ConfigurationError, match="file/below/home/ledger") as refused:
        home.ledger("data_values", "a--b", "202511")
    assert refused.value.key == "home"


def test_what_a_killed_run_left_unfinished_is_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.staging("data_values", "a--b", ["202511"])
    for name in ("plan.parquet.part", "plan.parquet.json.part", "source.download.partial"):
        (folder / name).touch()
    (folder / "source.download").touch()
    (folder / "plan.parquet").touch()
    assert home.staging("data_values", "a--b", ["202511"]) == folder
    assert [item.name for item in folder.iterdir()] == ["plan.parquet"]


def test_what_stands_for_months_lies_apart_for_runs_that_move_a_part(tmp_path: Path) -> None:
    whole, pair = Home(tmp_path), "national--training"
    part = whole.set_apart(pair)
    apart = tmp_path / "partial" / pair
    for path in (
        part.staging("data_values", pair, ["202511"]),
        part.ledger("data_values", pair, "202511"),
        part.quarantine("data_values", pair, "202511"),
        part.journal("data_values", pair, "202511"),
        part.outside("data_values", pair),
    ):
        assert path.is_relative_to(apart)
    assert part.leases() == whole.leases()
    assert part.discards("data_values", pair) == whole.discards("data_values", pair)
    assert part.echoes("events", pair) == whole.echoes("events", pair)
    assert part.agreed("events", "a", "b", "all") == whole.agreed("events", "a", "b", "all")
