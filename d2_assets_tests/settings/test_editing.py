from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2_assets.errors import ConfigurationError
from d2_assets.settings import (
    add_instance,
    add_pair,
    load_settings,
    remove_instance,
    remove_pair,
)
from d2_assets.settings.loading import SANDBOX_FILE

COMMENTED = """\
# Settings of the ministry
first_month: "202401"   # the year of the new forms

instances: # servers
  # the national HMIS
  - name: national
    url: https://hmis.example.org  # behind the proxy
    auth:
      username: admin
      # in the vault
      password_env: D2_NATIONAL_PASSWORD

  # for courses
  - {name: training, url: "http://localhost:8080", auth: {token_file: t.txt}}
  - name: spare
    url: https://spare.example.org
    auth: {token_env: D2_SPARE}
# what moves
pairs:
- source: national
  destination: training   # only in term
  description: |
    Courses
    # not a comment
# the end
"""
INSTANCE = {
    "name": "new",
    "url": "https://new.example.org",
    "auth": {"username": "0815", "password_env": "D2_NEW"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(COMMENTED, encoding="utf-8")
    return path


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def test_an_added_instance_stands_behind_the_last_and_all_other_lines_stay(file: Path) -> None:
    added = add_instance(file, INSTANCE)
    block = """\
  - name: new
    url: https://new.example.org
    auth:
      username: '0815'
      password_env: D2_NEW
"""
    assert text_of(file) == COMMENTED.replace("# what moves\n", block + "# what moves\n")
    assert load_settings(file, {}) == added
    assert added.instances[-1].name == "new"


def test_an_added_pair_follows_the_indentation_of_the_file(file: Path) -> None:
    add_pair(file, {"source": "national", "destination": "spare"})
    block = "- source: national\n  destination: spare\n"
    assert block in text_of(file)
    assert text_of(file).replace(block, "") == COMMENTED
    assert [pair.name for pair in load_settings(file, {}).pairs] == [
        "national--training",
        "national--spare",
    ]


def test_a_removed_instance_takes_its_own_lines_with_it_and_no_others(file: Path) -> None:
    remaining = remove_instance(file, "spare")
    expected = COMMENTED.replace(
        "  - name: spare\n    url: https://spare.example.org\n    auth: {token_env: D2_SPARE}\n", ""
    )
    assert text_of(file) == expected
    assert [one.name for one in remaining.instances] == ["national", "training"]


def test_the_last_pair_leaves_an_empty_list_that_can_be_added_to(file: Path) -> None:
    remove_pair(file, "national--training")
    assert "\npairs: []\n" in text_of(file)
    assert "# the end\n" in text_of(file)
    add_pair(file, {"source": "national", "destination": "spare"})
    assert "\npairs:\n  - source: national\n    destination: spare\n" in text_of(file)


def test_an_instance_in_braces_is_removed_alone(file: Path) -> None:
    remove_pair(file, "national--training")
    remaining = remove_instance(file, "training")
    assert [one.name for one in remaining.instances] == ["national", "spare"]
    assert "  # for courses\n  - name: spare\n" in text_of(file)


def test_an_instance_that_pairs_use_is_not_removed(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="used by national--training") as caught:
        remove_instance(file, "national")
    assert "Remove these pairs first" in caught.value.remedy
    assert text_of(file) == COMMENTED


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        ({**INSTANCE, "name": "national"}, "national is taken"),
        ({**INSTANCE, "url": "http://new.example.org"}, "unencrypted"),
        ({**INSTANCE, "auth": {"username": "a", "password": "hunter2"}}, "stands in the file"),
    ],
)
def test_an_instance_that_does_not_fit_leaves_the_file_unchanged(
    file: Path, instance: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        add_instance(file, instance)
    assert "The file is unchanged." in caught.value.remedy
    assert text_of(file) == COMMENTED
    assert list(file.parent.iterdir()) == [file]


def test_a_file_with_mistakes_is_mended_before_it_is_edited(file: Path) -> None:
    file.write_text(COMMENTED.replace("name: spare", "nam: spare"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"line 15, instances\[2\]\.nam"):
        remove_pair(file, "national--training")


def test_an_unknown_name_is_not_removed(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="no pair named 'x'"):
        remove_pair(file, "x")
    with pytest.raises(ConfigurationError, match="no instance named 'x'"):
        remove_instance(file, "x")


def test_a_list_in_brackets_is_left_to_a_person(file: Path) -> None:
    text = 'instances: [{name: a, url: "https://a.org", auth: {token_env: A}}]\n'
    file.write_text(text, encoding="utf-8")
    for edit in (lambda: add_instance(file, INSTANCE), lambda: remove_instance(file, "a")):
        with pytest.raises(ConfigurationError, match="cannot be edited by command"):
            edit()
    assert text_of(file) == text


@pytest.mark.parametrize("start", [None, "", "# mine", "instances:\n", "instances: [ ] # none\n"])
def test_the_first_instance_begins_the_list(tmp_path: Path, start: str | None) -> None:
    file = tmp_path / "settings.yaml"
    if start is not None:
        file.write_text(start, encoding="utf-8")
    assert [one.name for one in add_instance(file, INSTANCE).instances] == ["new"]
    comments = [part for part in ("# mine", "# none") if part in (start or "")]
    assert all(comment in text_of(file) for comment in comments)


def test_the_rights_of_the_file_stay(file: Path) -> None:
    file.chmod(0o640)
    add_instance(file, INSTANCE)
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_file_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    add_instance(link, INSTANCE)
    assert link.is_symlink()
    assert "name: new" in text_of(file)


def test_the_file_of_the_sandbox_is_not_edited() -> None:
    with pytest.raises(ConfigurationError, match="belongs to the sandbox") as caught:
        add_instance(SANDBOX_FILE, INSTANCE)
    assert "D2_ASSETS_CONFIG" in caught.value.remedy


comments = st.sampled_from(["", "# a note\n", "\n", "  # indented\n", "\n# one\n\n# two\n"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(comments, min_size=4, max_size=4), st.integers(0, 2))
def test_adding_and_removing_again_gives_the_same_text(
    tmp_path: Path, notes: list[str], removed: int
) -> None:
    items = [
        f"  - name: i{place}\n    url: https://i{place}.org\n    auth: {{token_env: T}}\n"
        for place in range(3)
    ]
    parts = [part for pair in zip(notes, items, strict=False) for part in pair]
    text = "instances:\n" + "".join(parts) + notes[-1] + "pairs: []\n"
    file = tmp_path / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    add_instance(file, INSTANCE)
    remove_instance(file, "new")
    assert text_of(file) == text
    remove_instance(file, f"i{removed}")
    assert text_of(file) == text.replace(items[removed], "")


def test_a_folder_that_is_not_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "absent" / "d2_assets.yaml"
    instance = {
        "name": "training",
        "url": "https://t.example.org",
        "auth": {"username": "a", "password_env": "P"},
    }
    with pytest.raises(ConfigurationError, match="cannot be written"):
        add_instance(file, instance)
    assert not file.parent.exists()
