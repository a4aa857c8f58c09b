from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.metadata_objects import Identity
from d2_assets.mapping.matching import By, Matched, match_identities

ALL: Sequence[By] = ("uid", "code", "name")


def _uid(number: int) -> str:
    return f"u{number:010d}"


def _pairs(matched: Matched) -> dict[str, tuple[str, str]]:
    return {one.source: (one.destination, one.how) for one in matched.matches}


def test_a_uid_counts_before_a_code_and_a_code_before_a_name() -> None:
    source = [
        Identity("a", "CODE_B", "Name c"),
        Identity("s", "CODE_B", "x"),
        Identity("t", "", "N"),
    ]
    destination = [Identity("a"), Identity("b", "CODE_B"), Identity("n", "", "N")]
    found = _pairs(match_identities("dataElements", source, destination, by=ALL))
    assert found == {"a": ("a", "uid"), "s": ("b", "code"), "t": ("n", "name")}


def test_what_is_another_objects_own_is_not_taken_by_code() -> None:
    source = [Identity("a", "", ""), Identity("s", "CODE_A", "")]
    matched = match_identities("dataElements", source, [Identity("a", "CODE_A")], by=ALL)
    assert _pairs(matched) == {"a": ("a", "uid")}
    assert matched.ambiguous == ()


def test_the_pairs_own_table_counts_before_everything() -> None:
    source = [Identity("a", "A"), Identity("b", "B")]
    destination = [Identity("a", "A"), Identity("b", "B"), Identity("c", "C")]
    found = match_identities("dataElements", source, destination, explicit={"a": "c"}, by=ALL)
    assert _pairs(found) == {"a": ("c", "table"), "b": ("b", "uid")}


def test_a_table_that_names_what_is_not_there_is_a_doubt() -> None:
    found = match_identities("dataElements", [Identity("a")], [Identity("a")], explicit={"a": "z"})
    assert found.matches == ()
    assert "says that it is z" in found.ambiguous[0].words


def test_a_code_and_a_name_that_point_at_different_objects_are_a_doubt() -> None:
    source = [Identity("a", "CODE", "Name")]
    destination = [Identity("x", "CODE", "Other"), Identity("y", "", "Name")]
    (doubt,) = match_identities("dataElements", source, destination, by=ALL).ambiguous
    assert "By the code «CODE» it is x" in doubt.words


def test_two_of_one_name_are_a_doubt_at_either_end() -> None:
    one, two = Identity("a", "", "Clinic"), Identity("b", "", "Clinic")
    there = match_identities("dataElements", [one], [Identity("x", name="Clinic"),
                             Identity("y", name="Clinic")], by=ALL)  # fmt: skip
    here = match_identities("dataElements", [one, two], [Identity("x", name="Clinic")], by=ALL)
    assert [len(there.matches), len(there.ambiguous)] == [0, 1]
    assert [len(here.matches), len(here.ambiguous)] == [0, 2]


def test_a_name_at_the_destination_that_is_anothers_at_the_source_is_a_doubt() -> None:
    source = [Identity("a", "CODE"), Identity("b", "", "Name")]
    matched = match_identities("dataElements", source, [Identity("x", "CODE", "Name")], by=ALL)
    assert matched.matches == ()
    assert "the name «Name» there is that of b at the source" in matched.ambiguous[0].words


def test_what_lost_its_uid_to_another_object_is_a_doubt() -> None:
    """It would be written over that one."""
    source = [Identity("a"), Identity("x")]
    matched = match_identities("dataElements", source, [Identity("x")], explicit={"a": "x"}, by=ALL)
    assert _pairs(matched) == {"a": ("x", "table")}
    assert [one.source for one in matched.ambiguous] == ["x"]
    assert "its UID is that of a" in matched.ambiguous[0].words


def test_empty_codes_say_nothing() -> None:
    assert match_identities("dataElements", [Identity("a")], [Identity("b")], by=ALL) == Matched()


def test_the_default_category_objects_are_matched_by_their_name() -> None:
    theirs, ours = Identity("pkgDefault1", name="default"), Identity("bjDvmb4bfuf", name="default")
    found = match_identities("categoryCombos", [theirs], [ours], by=("uid",))
    assert _pairs(found) == {"pkgDefault1": ("bjDvmb4bfuf", "name")}


def test_people_are_known_by_their_user_names() -> None:
    found = match_identities(
        "users",
        [Identity("a", username="awa")],
        [Identity("b", username="awa")],
        by=("uid", "username"),
    )
    assert _pairs(found) == {"a": ("b", "username")}


_uids = st.integers(1, 9).map(_uid)
_identities = st.lists(
    st.builds(
        Identity,
        id=_uids,
        code=st.sampled_from(["", "A", "B", "C"]),
        name=st.sampled_from(["", "a", "b", "c", "default"]),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(_identities, _identities, st.dictionaries(_uids, _uids, max_size=3))
def test_every_object_is_matched_once_doubted_or_left(
    source: list[Identity], destination: list[Identity], explicit: dict[str, str]
) -> None:
    matched = match_identities("categories", source, destination, explicit=explicit, by=ALL)
    theirs = [one.source for one in matched.matches] + [one.source for one in matched.ambiguous]
    ours = [one.destination for one in matched.matches]
    assert len(set(theirs)) == len(theirs)
    assert set(theirs) <= {one.id for one in source}
    assert len(set(ours)) == len(ours)
    assert set(ours) <= {one.id for one in destination}
    left = {one.id for one in source} - set(theirs)
    assert left.isdisjoint(ours)


@given(_identities)
def test_a_server_matches_itself_by_uid(objects: list[Identity]) -> None:
    matched = match_identities("dataElements", objects, objects, by=ALL)
    assert _pairs(matched) == {one.id: (one.id, "uid") for one in objects}


@given(_identities, _identities)
def test_both_directions_find_the_same(source: list[Identity], destination: list[Identity]) -> None:
    there = match_identities("categories", source, destination, by=ALL).matches
    back = match_identities("categories", destination, source, by=ALL).matches
    assert {(one.source, one.destination, one.how) for one in there} == {
        (one.destination, one.source, one.how) for one in back
    }
