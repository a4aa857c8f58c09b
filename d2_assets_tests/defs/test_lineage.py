import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.defs.lineage import Lineage, drop_results, find_lineage

NONE = Lineage(None, None)
TAGS = {"dagster/root_run_id": "first", "dagster/parent_run_id": "before"}


@pytest.mark.parametrize(
    ("tags", "given_lineage", "expected"),
    [
        ({}, NONE, NONE),
        (TAGS, NONE, Lineage("first", "before")),
        (TAGS, Lineage("given", "given"), Lineage("given", "given")),
        ({"dagster/root_run_id": "first"}, NONE, NONE),
    ],
)
def test_a_chain_is_told_by_tags_where_nothing_else_tells_it(
    tags: dict[str, str], given_lineage: Lineage, expected: Lineage
) -> None:
    assert find_lineage(tags, given_lineage) == expected


@given(st.dictionaries(st.sampled_from(["team", "dagster/partition", "d2/pair"]), st.text()))
def test_what_a_run_was_asked_for_stays_and_what_became_of_it_does_not(
    asked: dict[str, str],
) -> None:
    names = (
        "status outcome partial written failure cause mend trigger attempt retry retry_at notice"
    )
    results = {f"d2/{name}": "x" for name in names.split()}
    results |= {"user": "ruth", "d2/user": "ruth", "d2-writes/training": "true"}
    assert drop_results(asked | results) == asked
