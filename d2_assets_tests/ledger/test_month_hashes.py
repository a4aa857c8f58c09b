import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.ledger.month_hashes import (
    NO_CONTENT,
    VERSION,
    ContentHash,
    NotedMonth,
    forget_month,
    hash_item,
    join_hashes,
    note_month,
    read_noted,
)

_items = st.lists(st.lists(st.text(max_size=4), max_size=3), max_size=8)
_halves = st.integers(0, (1 << 64) - 1)
_noted = st.builds(
    NotedMonth,
    st.builds(ContentHash, st.integers(0, 1 << 40), _halves, _halves),
    st.text(),
    st.text(),
    st.floats(0, 1e11),
)


@given(_items, st.randoms())
def test_the_order_of_items_does_not_matter(items: list[list[str]], random: Random) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    hashes = [join_hashes(hash_item(*item) for item in given) for given in (items, shuffled)]
    assert hashes[0] == hashes[1]


@given(_items, _items)
def test_two_sets_of_items_have_one_hash_exactly_when_they_are_the_same(
    one: list[list[str]], other: list[list[str]]
) -> None:
    """Items that come twice count twice: they do not cancel each other."""
    hashes = [join_hashes(hash_item(*item) for item in items) for items in (one, other)]
    assert (hashes[0] == hashes[1]) is (sorted(one) == sorted(other))


def test_the_parts_of_an_item_do_not_run_into_each_other() -> None:
    assert hash_item("a", "bc") != hash_item("ab", "c") != hash_item("abc")


def test_the_hash_of_an_item_is_the_same_in_every_version() -> None:
    """Hashes are kept on disk: with another formula the number of the version must change."""
    assert (VERSION, hash_item("a", b"\x00")) == (
        1,
        ContentHash(1, 7202169779047759621, 7261986040660592348),
    )


@given(_noted)
def test_what_is_noted_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, noted: NotedMonth
) -> None:
    path = tmp_path_factory.getbasetemp() / "202511.json"
    note_month(path, noted)
    assert read_noted(path) == noted
    assert not path.with_name("202511.json.part").exists()
    forget_month(path)
    assert read_noted(path) is None
    forget_month(path)


@pytest.mark.parametrize(
    "change", [{"version": VERSION + 1}, {"low": "no number"}, {"high": None}, {"items": "x"}]
)
def test_a_note_that_is_damaged_or_of_another_version_says_nothing(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = tmp_path / "202511.json"
    note_month(path, NotedMonth(NO_CONTENT, "scope", "run-1", 0.0))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert read_noted(path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '"x"', '{"version": 1'])
def test_a_note_that_is_cut_short_says_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "202511.json"
    path.write_text(text)
    assert read_noted(path) is None
