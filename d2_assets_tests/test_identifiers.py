from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.identifiers import generate_uid, is_uid, make_slug


@given(st.integers())
def test_a_generated_uid_is_a_uid_and_follows_the_seed(seed: int) -> None:
    uid = generate_uid(Random(seed))
    assert is_uid(uid)
    assert uid == generate_uid(Random(seed))


@pytest.mark.parametrize("uid", ["bjDvmb4bfuf", "HllvX50cXC0", "xYerKDKCefk"])
def test_the_uids_of_dhis2_are_uids(uid: str) -> None:
    assert is_uid(uid)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HllvX50cXC",
        "HllvX50cXC00",
        "0llvX50cXC0",
        "HllvX50cXC0\n",
        "Hllv-50cXC0",
        "éllvX50cXC0",
    ],
)
def test_other_texts_are_no_uids(text: str) -> None:
    assert not is_uid(text)


@pytest.mark.parametrize("name", ["national--training", "a", "pair_2.b", "x" * 64])
def test_a_safe_name_is_its_own_folder(name: str) -> None:
    assert make_slug(name) == name


def test_an_unsafe_name_stays_readable() -> None:
    assert make_slug("Santé / Nord").startswith("sant-nord~")
    assert make_slug("../../etc").startswith("etc~")
    assert make_slug("").startswith("unnamed~")


@given(st.text(max_size=100))
def test_a_folder_name_is_safe_everywhere(name: str) -> None:
    slug = make_slug(name)
    assert 0 < len(slug) <= 64
    assert slug == slug.lower()
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-~")
    assert slug[0] not in ".-~"
    assert not slug.endswith(".")


names = st.one_of(st.text(max_size=20), st.text("aA-~. ", max_size=8))


@given(names, names)
def test_different_names_have_different_folders(one: str, other: str) -> None:
    assert (make_slug(one) == make_slug(other)) == (one == other)


@given(names)
def test_a_folder_name_taken_as_a_name_is_another_folder(name: str) -> None:
    slug = make_slug(name)
    assert slug == name or make_slug(slug) != slug
