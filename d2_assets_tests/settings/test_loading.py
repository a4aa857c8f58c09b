import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from d2_assets.errors import ConfigurationError
from d2_assets.settings import find_settings_file, load_settings, parse_settings
from d2_assets.settings.loading import SANDBOX_FILE
from d2_assets.settings.models import Settings
from d2_assets_tests.settings.texts import FILE, GOOD, refusal_of

names = st.from_regex(r"[A-Za-z0-9](_?[A-Za-z0-9]){0,12}", fullmatch=True)
uids = st.from_regex(r"[A-Za-z][A-Za-z0-9]{10}", fullmatch=True)
lists_of_uids = st.lists(uids, max_size=3).map(tuple)
days = st.dates(date(2000, 1, 1), date(2040, 12, 31))
levels = st.none() | st.integers(1, 4)


@st.composite
def filters(draw: st.DrawFn) -> dict[str, Any]:
    start, end = sorted([draw(days), draw(days)])
    return {
        "data_sets": draw(lists_of_uids),
        "org_units": draw(lists_of_uids),
        "families": draw(st.sampled_from([(), ("options", "data_sets")])),
        "pull_level": draw(levels),
        "deepest_level": draw(st.none() | st.integers(4, 9)),
        "start_date": draw(st.sampled_from([None, start])),
        "end_date": draw(st.sampled_from([None, end])),
    }


@st.composite
def settings_data(draw: st.DrawFn) -> dict[str, Any]:
    known = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    instances = [
        {
            "name": name,
            "url": f"https://{name.lower().replace('_', '-')}.example.org",
            "auth": draw(
                st.sampled_from(
                    [
                        {"username": "0123", "password_env": "SECRET"},
                        {"token_file": "a b/token: #1.txt"},
                    ]
                )
            ),
            "active": draw(st.booleans()),
            "timeout_seconds": draw(st.sampled_from([0.5, 120, 600])),
        }
        for name in known
    ]
    pairs = [
        {
            "name": f"pair{place}",
            "source": draw(st.sampled_from(known[1:])),
            "destination": known[0],
            "description": draw(st.text(st.characters(categories=["L", "N", "P", "Zs"]))),
            "sync_type": draw(st.sampled_from(["metadata", "data", "complete"])),
            "filters": draw(filters()),
            "deletes": {"brake_percent": draw(st.floats(0, 100)), "mirror": draw(st.booleans())},
            "writers": draw(st.integers(1, 16)),
        }
        for place in range(draw(st.integers(0, 3)))
    ]
    month = draw(st.sampled_from(["202001", "201912"]))
    return {"first_month": month, "home": "data", "instances": instances, "pairs": pairs}


@given(settings_data())
def test_settings_written_as_yaml_are_read_as_the_same_settings(data: dict[str, Any]) -> None:
    written = io.StringIO()
    YAML(typ="safe", pure=True).dump(_plain(data), written)
    assert parse_settings(written.getvalue(), FILE) == Settings(file=FILE, **data)


def _plain(value: Any) -> Any:
    """Tuples as lists, which is what YAML knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def test_the_file_given_wins_over_the_environment_and_that_over_the_sandbox() -> None:
    environ = {"D2_ASSETS_CONFIG": "/etc/named.yaml"}
    assert find_settings_file(Path("/etc/given.yaml"), environ) == Path("/etc/given.yaml")
    assert find_settings_file(None, environ) == Path("/etc/named.yaml")
    assert find_settings_file(None, {}) == SANDBOX_FILE


def test_home_in_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("home: here\n", encoding="utf-8")
    assert load_settings(file, {}).home == Path("here")
    assert load_settings(file, {"D2_ASSETS_HOME": "/srv/d2"}).home == Path("/srv/d2")
    assert load_settings(file, {}).file == file


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(GOOD, encoding="utf-8-sig")
    assert load_settings(file, {}).first_month == "202401"


def test_a_missing_file_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not there") as caught:
        load_settings(tmp_path / "absent.yaml", {})
    assert caught.value.file == str(tmp_path / "absent.yaml")
    assert "D2_ASSETS_CONFIG" in caught.value.remedy


def test_a_folder_and_a_text_of_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path, {})
    (tmp_path / "latin.yaml").write_bytes("home: santé".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_settings(tmp_path / "latin.yaml", {})


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("pairs: [\ninstances: 1\n", "line 3", "not YAML"),
        ("pairs:\n\t- a\n", "line 2", "not YAML"),
        ("home: a\nhome: b\n", "line 2", 'duplicate key "home"'),
        ("home: \x07\n", str(FILE), "not YAML"),
        ("- name: a\n", "line 1", "must be a group of keys"),
        ("instances\n", "line 1", "must be a group of keys"),
        ("home: a\npairs: {a: b}\n", "line 2, pairs", "must be a list"),
        ("home: a\nfile: b\n", "line 2, file", "file is not known"),
    ],
)
def test_what_is_not_a_settings_file_is_refused_with_its_line(
    text: str, place: str, words: str
) -> None:
    error = refusal_of(text)
    assert place in error.message
    assert words in error.message
    assert error.remedy


def test_a_secret_that_stands_twice_is_not_shown() -> None:
    error = refusal_of("instances:\n- auth:\n    password: hunter2\n    password: hunter2\n")
    assert 'line 4: This is not YAML: found duplicate key "password".' in error.message
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "instances:\npairs: []\n"])
def test_a_file_without_instances_is_in_order(text: str) -> None:
    settings = parse_settings(text, FILE)
    assert (settings.instances, settings.pairs) == ((), ())


def test_a_date_that_is_none_is_told_with_its_line_and_key(tmp_path: Path) -> None:
    file = tmp_path / "d2_assets.yaml"
    file.write_text("pairs:\n  - filters: {start_date: 2025-13-01}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file)
    assert "line 2, pairs[0].filters.start_date" in caught.value.message
