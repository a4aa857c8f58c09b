from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.settings import parse_settings
from d2_assets_tests.settings.texts import FILE, GOOD, with_change


def test_a_pair_without_a_name_is_called_after_its_ends() -> None:
    (pair,) = parse_settings(GOOD, FILE).pairs
    assert pair.name == "national--training"


def test_defaults_are_the_careful_ones() -> None:
    (pair,) = parse_settings(GOOD, FILE).pairs
    assert pair.execution_mode == "manual"
    assert pair.sync_type == "data"
    assert (pair.import_strategy, pair.merge_mode) == ("CREATE_AND_UPDATE", "REPLACE")
    assert (pair.deletes.policy, pair.deletes.mirror, pair.deletes.brake_percent) == (
        "propagate",
        False,
        10,
    )
    assert (pair.conflicts.rule, pair.conflicts.priority_instance) == ("quarantine", None)
    assert (pair.page_size, pair.chunk_size, pair.writers) == (500, 5000, 4)


def test_an_instance_and_a_pair_are_found_by_name() -> None:
    settings = parse_settings(GOOD, FILE)
    assert settings.instance("training").url == "http://127.0.0.1:8080"
    assert settings.pair("national--training").source == "national"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    settings = parse_settings(GOOD, FILE)
    with pytest.raises(ConfigurationError, match="no instance named 'natonal'") as caught:
        settings.instance("natonal")
    assert caught.value.remedy == "Known: national, training, lmis."
    with pytest.raises(ConfigurationError, match="no pair named") as caught:
        settings.pair("x")
    assert caught.value.remedy == "Known: national--training."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    role: source\n", "    role: source\n    active: false\n"),
        ("    filters: {deepest_level: 4}\n", "    active: false\n"),
    ],
)
def test_what_is_not_active_can_be_read_and_does_not_run(old: str, new: str) -> None:
    settings = parse_settings(with_change(old, new), FILE)
    assert settings.pair("national--training")
    assert settings.active_pairs == ()
    assert parse_settings(GOOD, FILE).active_pairs == parse_settings(GOOD, FILE).pairs


def test_relative_paths_start_at_the_file() -> None:
    assert parse_settings(GOOD, FILE).base == Path("/etc/d2")


def test_reverse_pairs_are_the_active_ones_that_move_the_same_the_other_way() -> None:
    text = GOOD.replace("role: source", "role: both").replace("role: destination", "role: both")
    back = "source: training, destination: national"
    text += (
        f"  - {{{back}}}\n"
        f"  - {{{back}, name: events, sync_type: events}}\n"
        f"  - {{{back}, name: idle, active: false}}\n"
        "  - {source: national, destination: training, name: again}\n"
    )
    settings = parse_settings(text, FILE)
    forth, back_again = settings.pair("national--training"), settings.pair("training--national")
    assert settings.find_reverse(forth, "data_values") == (back_again,)
    assert [pair.name for pair in settings.find_reverse(back_again, "data_values")] == [
        "national--training",
        "again",
    ]
    assert [pair.name for pair in settings.find_reverse(forth, "events")] == ["events"]
