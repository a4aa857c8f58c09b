from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.metadata_objects import OptionCombo
from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.mapping.option_combos import match_option_combos


def _combo(uid: str, combo: str, *options: str) -> OptionCombo:
    return OptionCombo(uid, name=uid, category_combo=combo, category_options=frozenset(options))


def _walk(**pairs: tuple[str, str]) -> Crosswalk:
    matches = [Match(plural, *ends, "code") for plural, ends in pairs.items()]
    return Crosswalk(tuple(matches))


def test_the_same_options_of_the_same_combo_are_the_same_whatever_their_uids() -> None:
    source = [_combo("a", "combo", "female", "young"), _combo("b", "combo", "male", "young")]
    destination = [_combo("y", "combo", "young", "male"), _combo("x", "combo", "young", "female")]
    matched = match_option_combos(source, destination, Crosswalk())
    assert {one.source: one.destination for one in matched.matches} == {"a": "x", "b": "y"}


def test_combos_and_options_are_compared_through_the_crosswalk() -> None:
    walk = _walk(categoryCombos=("here", "there"), categoryOptions=("f", "female"))
    source, destination = [_combo("a", "here", "f")], [_combo("x", "there", "female")]
    (match,) = match_option_combos(source, destination, walk).matches
    assert (match.source, match.destination, match.how) == ("a", "x", "options")


def test_a_uid_alone_does_not_make_two_the_same() -> None:
    """A UID that stands for other options there would put values under the wrong head."""
    matched = match_option_combos([_combo("a", "c", "f")], [_combo("a", "c", "m")], Crosswalk())
    assert matched.matches == ()
    assert "stands for other options" in matched.ambiguous[0].words


def test_options_that_an_account_does_not_see_are_no_contradiction() -> None:
    source = [_combo("a", "c", "f", "young")]
    assert match_option_combos(source, [_combo("a", "c", "f")], Crosswalk()).ambiguous == ()


def test_the_pairs_own_table_counts_before_the_options() -> None:
    source = [_combo("a", "c", "f"), _combo("b", "c", "m")]
    destination = [_combo("x", "c", "f"), _combo("y", "c", "m")]
    matched = match_option_combos(source, destination, Crosswalk(), {"a": "y"})
    assert [(one.source, one.destination, one.how) for one in matched.matches] == [
        ("a", "y", "table")
    ]
    assert matched.ambiguous == ()


def test_of_two_alike_at_the_destination_the_one_with_the_same_uid_counts() -> None:
    destination = [_combo("x", "c", "f"), _combo("a", "c", "f")]
    (match,) = match_option_combos([_combo("a", "c", "f")], destination, Crosswalk()).matches
    assert (match.destination, match.how) == ("a", "uid")
    doubted = match_option_combos([_combo("b", "c", "f")], destination, Crosswalk())
    assert doubted.matches == ()
    assert "x, a" in doubted.ambiguous[0].words


def test_two_alike_at_the_source_cannot_both_be_the_one_of_the_destination() -> None:
    matched = match_option_combos(
        [_combo("a", "c", "f"), _combo("b", "c", "f")], [_combo("x", "c", "f")], Crosswalk()
    )
    assert (len(matched.matches), len(matched.ambiguous)) == (1, 1)


@given(st.permutations(list(product("ab", "xy", "12"))), st.integers(0, 8))
def test_each_is_found_again_under_its_new_uid(order: list[tuple[str, ...]], missing: int) -> None:
    source = [_combo("".join(options), "c", *options) for options in order]
    renamed = [_combo(f"new {one.id}", "c", *one.category_options) for one in source[missing:]]
    matched = match_option_combos(source, list(reversed(renamed)), Crosswalk())
    assert matched.ambiguous == ()
    assert {one.source: one.destination for one in matched.matches} == {
        one.id: f"new {one.id}" for one in source[missing:]
    }
